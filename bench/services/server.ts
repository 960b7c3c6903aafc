/** The part of the bench that needs a running `tf serve`: lists from its cache, events, memory. */
import { createInterface } from 'node:readline'
import { connectTo } from '../../src/client/index.ts'
import { readSecurity } from '../../src/access/security-file.ts'
import { serverFlags } from '../../src/own-program.ts'
import { findPostgres, startPostgres } from '../../test/testbed/postgres.ts'
import { type Row, median, rowsOf } from '../rows.ts'
import { type Host, defineServices, memoryOf, serverOf } from './host.ts'
import { measureLedger } from './ledger.ts'

type Get = (path: string, options?: { readonly accept?: string; readonly signal?: AbortSignal }) => Promise<Response>

interface Options {
  readonly count: number
  readonly turns: number
  readonly onProgress: (text: string) => void
}

export async function measureServer(stack: AsyncDisposableStack, host: Host, { count, turns, onProgress }: Options): Promise<Row[]> {
  onProgress(`a server with ${count} services`)
  await host.run(host.tf('create', defineServices(host, 'plain', count, ''), '--yes', '--no-start', '-o', 'json'))
  const postgres = stack.use(await startPostgres({ programs: findPostgres('18')! }))
  const port = await startServer(host, postgres.url)
  const { secret } = readSecurity(host.home).hmac
  const { token } = await connectTo({ url: `http://127.0.0.1:${port}`, secret }).tokens.create({ name: 'bench' })
  const get: Get = (path, { accept = 'application/json', signal } = {}) =>
    fetch(`http://127.0.0.1:${port}/api/v1${path}`, { headers: { authorization: `Bearer ${token}`, accept }, ...(signal && { signal }) })

  const list = { taskflows: [] as number[], systemctl: [] as number[] }
  for (let turn = -3; turn < turns; turn += 1) {
    const start = performance.now()
    const { items } = await (await get('/services')).json() as { readonly items: readonly unknown[] }
    const ms = performance.now() - start
    if (items.length !== count) throw new Error(`the server lists ${items.length} services, not ${count}`)
    // The first turns let the compiler warm up.
    if (turn >= 0) list.taskflows.push(ms)
    if (turn >= 0) list.systemctl.push((await host.run(['systemctl', '--user', 'list-units', '--all', '-o', 'json', 'taskflows-*'])).ms)
  }
  const seen = await measureEvents(host, get, turns)
  const memory = { taskflows: await memoryOf(host, serverOf(host).pid), systemd: await memoryOf(host, Number((await host.run(['sh', '-c', 'pgrep -xo systemd'])).stdout)) }
  return [
    ...rowsOf(`api_list_${count}`, 'ms', { taskflows: median(list.taskflows), systemctl: median(list.systemctl) }),
    ...rowsOf('seen', 'ms', seen),
    ...rowsOf(`memory_${count}`, 'MB', memory),
    ...await measureLedger(host, { get, count, onProgress }),
  ]
}

async function startServer(host: Host, databaseUrl: string): Promise<number> {
  // As `tf api start` runs it.
  const [node, ...serve] = host.tf('serve', '--port', '0')
  const server = host.start(['env', `TASKFLOWS_DATABASE_URL=${databaseUrl}`, 'TASKFLOWS_LOG_LEVEL=warn', node!, ...serverFlags, ...serve])
  let said = ''
  for await (const line of createInterface({ input: server.stderr! })) {
    said += `${line}\n`
    const found = /listens on http:\/\/127\.0\.0\.1:(\d+)/.exec(line)
    if (!found) continue
    // What it says from now on must not fill the pipe.
    server.stderr!.resume()
    return Number(found[1])
  }
  throw new Error(`tf serve ended:\n${said}`)
}

/** Starts and stops one of the services, and waits for the event of each start. */
async function measureEvents(host: Host, get: Get, turns: number): Promise<{ taskflows: number; systemctl: number }> {
  const leaving = new AbortController()
  const response = await get('/events?type=service.*', { accept: 'text/event-stream', signal: leaving.signal })
  const events = response.body!.pipeThrough(new TextDecoderStream())[Symbol.asyncIterator]()
  const found = { taskflows: [] as number[], systemctl: [] as number[] }
  try {
    for (let turn = 0; turn < turns; turn += 1) {
      const start = performance.now()
      const [arrivedAfter, { ms }] = await Promise.all([
        inTime(nextEvent(events, 'service.started')).then(() => performance.now() - start),
        host.run(['systemctl', '--user', 'start', 'taskflows-plain-0.service']),
      ])
      found.taskflows.push(arrivedAfter)
      found.systemctl.push(ms)
      // A start right after a stop would count as a restart.
      await Promise.all([inTime(nextEvent(events, 'service.stopped')), host.run(['systemctl', '--user', 'stop', 'taskflows-plain-0.service'])])
    }
  } finally {
    leaving.abort()
  }
  return { taskflows: median(found.taskflows), systemctl: median(found.systemctl) }
}

async function nextEvent(stream: AsyncIterator<string>, type: string): Promise<void> {
  for (let text = ''; !new RegExp(`"type":"${type}"[^]*\n\n`).test(text);) {
    const { done, value } = await stream.next()
    if (done) throw new Error(`the stream of events ended; ${type} was expected`)
    text += value
  }
}

/** @throws after 10 s */
async function inTime(event: Promise<void>): Promise<void> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => late.reject(new Error('what became of a service was not told within 10 s')), 10_000)
  try {
    await Promise.race([event, late.promise])
  } finally {
    clearTimeout(timer)
  }
}
