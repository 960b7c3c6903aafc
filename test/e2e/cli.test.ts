/**
 * `tf` as people start it: the real program in its own process, against a small
 * HTTP double that speaks the API's words about jobs. What the server itself
 * does is tested in `api.test.ts`.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { type IncomingHttpHeaders, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest'
import { commands } from '../../src/faces/cli/commands.ts'
import { bareEnvironment } from '../testbed/bare-environment.ts'

const program = fileURLToPath(new URL('../../src/faces/cli/main.ts', import.meta.url))

interface Ended {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

interface Start {
  readonly env?: Readonly<Record<string, string>>
  readonly input?: string
  readonly nodeArgs?: readonly string[]
}

let home: string
let api: Awaited<ReturnType<typeof startDouble>>

beforeAll(async () => {
  api = await startDouble()
})
afterAll(() => api.stop())

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'tf-cli-'))
  api.reset()
  return () => rm(home, { recursive: true })
})

function start(args: readonly string[], { env = {}, nodeArgs = [] }: Start = {}): ChildProcess {
  const child = spawn(process.execPath, [...nodeArgs, program, ...args], {
    env: { ...bareEnvironment, TASKFLOWS_HOME: home, TASKFLOWS_SERVER: api.address, ...env },
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  return child
}

async function tf(args: readonly string[], options: Start = {}): Promise<Ended> {
  const child = start(args, options)
  child.stdin!.end(options.input ?? '')
  const [out, err, [code]] = await Promise.all([text(child.stdout!), text(child.stderr!), once(child, 'close')])
  return { code: code as number | null, out, err }
}

test('without arguments it shows its commands, flags and exit codes', async () => {
  const { code, out, err } = await tf([])
  expect({ code, err }).toEqual({ code: 0, err: '' })
  for (const { words } of commands) expect(out).toContain(`  ${words}`)
  expect(out).toMatch(/Exit codes:[^]*4 {2}there is no such thing/)
  expect(await tf(['--help'])).toEqual({ code, out, err })
})

test.each(commands.map(({ words }) => words))('tf %s --help explains it with an example', async (words) => {
  const { code, out } = await tf([...words.split(' '), '--help'])
  expect(code).toBe(0)
  expect(out).toContain(`Usage: tf ${words}`)
  expect(out).toMatch(new RegExp(`Examples:[^]*tf ${words}`))
})

test('help loads nothing but the command table', async () => {
  const hook = 'import { registerHooks } from "node:module"; registerHooks({ load: (url, context, next) => { console.error(url); return next(url, context) } })'
  const { err } = await tf(['--help'], { nodeArgs: ['--import', `data:text/javascript,${encodeURIComponent(hook)}`] })
  const loaded = err.trim().split('\n')
  expect(loaded.length).toBeLessThan(12)
  expect(loaded.filter((url) => !/\/src\/(faces\/cli\/[\w-]+|kernel\/(errors|nearest))\.ts$/.test(url))).toEqual([])
})

test('the version is that of the package', async () => {
  const { out } = await tf(['--version'])
  expect(out).toMatch(/^\d+\.\d+\.\d+\n$/)
  expect(JSON.parse((await tf(['version', '-o', 'json'])).out)).toMatchObject({ version: out.trim(), node: process.versions.node })
})

test.each([
  [['job', 'list'], 'error: "job" is no command of tf\nhint: Did you mean tf jobs?\n'],
  [['jobs', 'list', '--limt', '3'], 'error: tf jobs list has no flag "--limt"\nhint: Did you mean --limit?\n'],
  [['jobs', 'list', '--limit', 'many'], 'error: --limit: expected a whole number from 1 to 1000, got "many"\n'],
  [['jobs', 'list', '-o', 'xml'], 'error: --output: expected one of table, wide, json, yaml, name, jsonl, got "xml"\n'],
  [['jobs', 'list', '-s', 'no where'], 'error: server: expected host:port or a URL such as http://127.0.0.1:7777, got "no where"\nhint: It comes from --server or TASKFLOWS_SERVER.\n'],
  [['serve', '--port', '99999'], 'error: --port: expected a whole number from 0 to 65535, got "99999"\n'],
])('a wrong line is refused by name: tf %j', async (args, err) => {
  expect(await tf(args)).toEqual({ code: 2, out: '', err })
})

test('a wrong setting of the environment is refused by name', async () => {
  const { code, err } = await tf(['jobs', 'list'], { env: { TASKFLOWS_PORT: 'http' } })
  expect(code).toBe(2)
  expect(err).toContain('TASKFLOWS_PORT')
})

test('a server that does not answer is named, with exit code 3', async () => {
  const { code, out, err } = await tf(['jobs', 'list', '-s', '127.0.0.1:1'])
  expect({ code, out }).toEqual({ code: 3, out: '' })
  expect(err).toContain('http://127.0.0.1:1')
})

test.each([
  ['{"file": cat.jpg}', '', 'line 1, column 10'],
  ['@none.json', '', '--payload @none.json: there is no such file'],
  ['-', '[1,\n2', 'line 2, column 2'],
])('a bad payload (%s) is refused before anything is asked', async (payload, input, said) => {
  const { code, err } = await tf(['jobs', 'add', 'resize', '--payload', payload], { input })
  expect(code).toBe(2)
  expect(err).toContain(said)
  expect(api.requests).toEqual([])
})

test('jobs add sends what was given and tells where the job is', async () => {
  const { code, out, err } = await tf(['jobs', 'add', 'resize', '--payload', '-', '--tenant', 'acme', '--priority', '-5', '--delay', '5m', '--after', ids[0]!, ids[1]!], { input: '{"file": "cat.jpg"}' })
  expect(code).toBe(0)
  expect(api.requests).toMatchObject([{
    line: 'POST /api/v1/jobs',
    body: { name: 'resize', payload: { file: 'cat.jpg' }, tenant_id: 'acme', priority: -5, delay: '5m', after: [ids[0], ids[1]] },
  }])
  expect(out).toBe(`job ${ids[2]} (resize) is PENDING on queue default\n`)
  expect(err).toBe('warning: no worker has registered resize\n')
})

test('jobs add -o name prints the id alone', async () => {
  expect(await tf(['jobs', 'add', 'resize', '-o', 'name'])).toMatchObject({ code: 0, out: `${ids[2]}\n` })
})

test('jobs list prints a table whose texts cannot command the terminal', async () => {
  const { code, out } = await tf(['jobs', 'list'])
  expect(code).toBe(0)
  const [header, first, second] = out.split('\n')
  expect(header).toMatch(/^ID +NAME +STATE +QUEUE +TRIES +CREATED$/)
  expect(first).toContain(`${ids[0]}  resize\\x1b[2J  SUCCEEDED  default    1/3  `)
  expect(second).toContain(`${ids[1]}  写真           DEAD       default    1/3  `)
})

test('jobs list sends its filters', async () => {
  await tf(['jobs', 'list', '--state', 'dead', '--queue', 'q', '--tenant', 't', '--name', 'n', '--since', '1h', '--limit', '2'])
  expect(api.requests[0]?.line).toBe('GET /api/v1/jobs?state=DEAD&queue=q&tenant_id=t&name=n&since=1h&limit=2')
})

test('every format says the same', async () => {
  const json = JSON.parse((await tf(['jobs', 'list', '-o', 'json'])).out) as { items: object[] }
  expect(json).toMatchObject({ items: [{ id: ids[0] }, { id: ids[1] }], next_cursor: 'c2' })
  const lines = (await tf(['jobs', 'list', '-o', 'jsonl'])).out.trim().split('\n')
  expect(lines.map((line) => JSON.parse(line) as object)).toEqual(json.items)
  expect((await tf(['jobs', 'list', '-o', 'name'])).out).toBe(`${ids[0]}\n${ids[1]}\n`)
  expect((await tf(['jobs', 'list', '-o', 'yaml'])).out).toMatch(new RegExp(`^"?items"?:\n +- "?id"?: "?${ids[0]}`))
  expect((await tf(['jobs', 'list', '-o', 'wide'])).out).toMatch(/TENANT +PRIORITY +NEXT RUN +LAST RUN +WORKER +LAST ERROR/)
})

test('what is talk goes to stderr, and --quiet silences it', async () => {
  expect((await tf(['jobs', 'list'])).err).toBe('There are more: repeat with --cursor c2\n')
  expect(await tf(['jobs', 'list', '--name', 'none'])).toEqual({ code: 0, out: '', err: 'No jobs match.\n' })
  expect(await tf(['jobs', 'list', '--name', 'none', '-q'])).toEqual({ code: 0, out: '', err: '' })
})

test('jobs show tells the story of a job', async () => {
  const { code, out } = await tf(['jobs', 'show', ids[1]!])
  expect(code).toBe(0)
  for (const said of ['写真  DEAD', 'Error: no such file', 'ATTEMPT', 'failed', 'job.added', 'added by ann']) expect(out).toContain(said)
})

test('-o json prints what the API answers, and nothing else is asked', async () => {
  const { out } = await tf(['jobs', 'show', ids[0]!, '-o', 'json'])
  expect(JSON.parse(out)).toEqual(api.job(ids[0]!))
  expect(api.requests).toHaveLength(1)
})

test('of several ids those that exist are shown, and the others reported, with exit code 7', async () => {
  const { code, out, err } = await tf(['jobs', 'show', ids[0]!, unknown, ids[1]!, '-o', 'json'])
  expect(code).toBe(7)
  expect((JSON.parse(out) as { items: object[] }).items).toMatchObject([{ id: ids[0] }, { id: ids[1] }])
  expect(JSON.parse(err)).toMatchObject({ code: 'job.not_found', status: 404 })
})

test('when none exists the exit code is 4', async () => {
  expect((await tf(['jobs', 'show', unknown])).code).toBe(4)
  expect((await tf(['jobs', 'cancel', unknown, unknown.replace('f', 'e')])).code).toBe(4)
})

test('jobs cancel acts on each id once', async () => {
  const { code, out, err } = await tf(['jobs', 'cancel', ids[0]!, ids[2]!, ids[0]!, '--reason', 'wrong file'])
  expect(code).toBe(7)
  expect(out).toBe(`job ${ids[2]} is now CANCELLED\n`)
  expect(err).toMatch(/^error: job \S+ is SUCCEEDED/)
  expect(api.requests).toMatchObject([{ body: { reason: 'wrong file' } }, {}])
})

test('events are listed in their order', async () => {
  const { code, out } = await tf(['events', '--type', 'job.*'])
  expect(code).toBe(0)
  expect(out).toMatch(/^AT +TYPE +SUBJECT +NAME +BY\n.*job\.succeeded/)
})

test('jobs add --wait prints the end of a job that succeeds', async () => {
  const { code, out, err } = await tf(['jobs', 'add', 'resize', '--wait'])
  expect({ code, out }).toEqual({ code: 0, out: `job ${ids[2]} SUCCEEDED: {"width":10}\n` })
  expect(err).toContain(`job ${ids[2]} (resize) added; waiting for its end\n`)
})

test('jobs add --wait says why a job did not succeed, with exit code 1', async () => {
  api.ends = 'DEAD'
  const { code, out, err } = await tf(['jobs', 'add', 'resize', '--wait'])
  expect({ code, out }).toEqual({ code: 1, out: '' })
  expect(err).toContain(`error: job ${ids[2]} (resize) is DEAD after 1 attempt: Error: no such file\n`)
})

test('jobs add --wait-timeout gives up with exit code 6, and the job goes on', async () => {
  api.ends = 'never'
  const { code, err } = await tf(['jobs', 'add', 'resize', '--wait-timeout', '300ms'])
  expect(code).toBe(6)
  expect(err).toContain(`is still RUNNING after 300 ms\nhint: The job goes on: tf jobs show ${ids[2]}\n`)
})

test('Ctrl-C while waiting leaves the job and says so', async () => {
  api.ends = 'never'
  const child = start(['jobs', 'add', 'resize', '--wait'])
  const said = text(child.stderr!)
  await api.nextLook()
  child.kill('SIGINT')
  expect(await once(child, 'close')).toEqual([130, null])
  expect(await said).toContain(`no longer waiting; job ${ids[2]} goes on`)
  expect(api.requests.filter(({ line }) => line.includes('cancel'))).toEqual([])
})

test('a reader that has seen enough ends it quietly', async () => {
  api.length = 20_000
  const child = start(['jobs', 'list', '-o', 'json'])
  const said = text(child.stderr!)
  child.stdout!.once('data', () => child.stdout!.destroy())
  expect(await once(child, 'close')).toEqual([0, null])
  expect(await said).toBe('')
})

test('a token is sent as Bearer and wins over the secret', async () => {
  await tf(['api', 'security', 'setup'])
  await tf(['jobs', 'list'], { env: { TASKFLOWS_TOKEN: 'tfk_1' } })
  expect(api.requests[0]?.headers).toMatchObject({ authorization: 'Bearer tfk_1' })
  expect(api.requests[0]?.headers).not.toHaveProperty('x-hmac-signature')
})

test('the server of this home is found and asked, signed with the secret of this home', async () => {
  await tf(['api', 'security', 'setup'])
  await mkdir(join(home, 'run'))
  await writeFile(join(home, 'run', 'server.json'), JSON.stringify({ url: `http://${api.address}`, pid: 1, started_at: '2026-11-21T00:00:00Z' }))
  expect(await tf(['jobs', 'list'], { env: { TASKFLOWS_SERVER: '' } })).toMatchObject({ code: 0 })
  expect(api.requests.map(({ line }) => line)).toEqual(['GET /api/v1/health', 'GET /api/v1/jobs'])
  expect(api.requests[1]?.headers).toHaveProperty('x-hmac-signature')
})

const elsewhere = Object.values(networkInterfaces()).flat().find((each) => each?.family === 'IPv4' && !each.internal)?.address

test.skipIf(elsewhere === undefined)('the secret of this home signs nothing for another machine', async () => {
  await tf(['api', 'security', 'setup'])
  await tf(['jobs', 'list', '-s', `${elsewhere}:${api.address.split(':')[1]}`])
  expect(api.requests[0]?.headers).not.toHaveProperty('x-hmac-signature')
})

test('api security keeps its secret to itself', async () => {
  expect((await tf(['api', 'security', 'status', '-o', 'json'])).out).toContain('"configured": false')
  const secret = 'a-secret-of-forty-characters-0123456789ab'
  for (const args of [['set-secret', '-'], ['status'], ['setup'], ['status', '-o', 'json'], ['disable'], ['setup', '-r']]) {
    const { code, out, err } = await tf(['api', 'security', ...args], { input: `${secret}\n` })
    expect(code).toBe(0)
    expect(out + err).not.toContain(secret)
  }
  expect(await tf(['api', 'security', 'set-secret', 'short'])).toMatchObject({ code: 2, out: '' })
})

const ids = ['019a9f00-0000-7000-8000-000000000001', '019a9f00-0000-7000-8000-000000000002', '019a9f00-0000-7000-8000-000000000003'] as const
const unknown = '019a9f00-0000-7000-8000-00000000000f'

interface Request {
  readonly line: string
  readonly headers: IncomingHttpHeaders
  readonly body: unknown
}

/** Three jobs that never change, but that the third one runs and ends as `ends` says. */
async function startDouble() {
  const requests: Request[] = []
  let looked = Promise.withResolvers<void>()
  const double = {
    requests,
    address: '',
    ends: 'SUCCEEDED' as 'SUCCEEDED' | 'DEAD' | 'never',
    length: 2,
    reset: () => {
      requests.length = 0
      double.ends = 'SUCCEEDED'
      double.length = 2
    },
    job: (id: string) => {
      if (id === ids[0]) return job(id, 'resize\u001b[2J', 'SUCCEEDED')
      if (id === ids[1]) return job(id, '写真', 'DEAD')
      return id === ids[2] ? job(id, 'resize', double.ends === 'never' ? 'RUNNING' : double.ends) : undefined
    },
    /** Resolves when a job is next asked for. */
    nextLook: () => {
      looked = Promise.withResolvers<void>()
      return looked.promise
    },
    stop: () => void server.close(),
  }

  const answer = (line: string, body: unknown): readonly [number, unknown] => {
    const { pathname, searchParams } = new URL(line.split(' ')[1]!, 'http://double')
    const [, id = '', rest = ''] = /^\/api\/v1\/jobs\/([^/]+)(\/\w+)?$/.exec(pathname) ?? []
    if (line === 'GET /api/v1/health') return [200, { status: 'ok' }]
    if (pathname === '/api/v1/events') return [200, page([{ id: '1.0', at: '2026-11-21T10:00:00Z', type: 'job.succeeded', subject: ids[0], name: 'resize', tenant_id: null, actor: 'w1', correlation_id: null, data: {} }])]
    if (line === 'POST /api/v1/jobs') return [201, { ...job(ids[2], (body as { name: string }).name, 'PENDING'), created: true, warnings: ['no worker has registered resize'] }]
    if (pathname === '/api/v1/jobs') return [200, searchParams.get('name') === 'none' ? page([]) : { items: Array.from({ length: double.length }, (_, at) => double.job(ids[at % 2]!)), next_cursor: 'c2' }]
    const found = double.job(id)
    if (!found) return problem(404, 'job.not_found', `job ${id} does not exist`)
    if (rest === '/attempts') return [200, page([{ attempt: 1, outcome: 'failed', final: true, worker: 'w1', started_at: '2026-11-21T10:00:00Z', ended_at: '2026-11-21T10:00:01Z', duration_seconds: 1, error_type: 'Error', error_message: 'no such file', backoff_decision: null }])]
    if (rest === '/timeline') return [200, page([{ at: '2026-11-21T10:00:00Z', type: 'job.added', attempt: null, actor: 'ann', message: 'added by ann' }])]
    if (rest === '/cancel') return id === ids[2] ? [200, { ...found, state: 'CANCELLED' }] : problem(409, 'job.invalid_transition', `job ${id} is ${found.state}`)
    looked.resolve()
    return [200, found]
  }

  const server = createServer(async (request, response) => {
    const sent = await text(request)
    const body: unknown = sent === '' ? undefined : JSON.parse(sent)
    const line = `${request.method} ${request.url}`
    requests.push({ line, headers: request.headers, body })
    const [status, answered] = answer(line, body)
    response.writeHead(status, { 'content-type': status < 400 ? 'application/json' : 'application/problem+json' }).end(JSON.stringify(answered))
  })
  await once(server.listen(0, '0.0.0.0'), 'listening')
  double.address = `127.0.0.1:${(server.address() as AddressInfo).port}`
  return double
}

function page(items: readonly object[]) {
  return { items, next_cursor: null }
}

function problem(status: number, code: string, detail: string): readonly [number, unknown] {
  return [status, { type: 'about:blank', title: 'No', status, detail, code, details: {} }]
}

function job(id: string, name: string, state: string) {
  const failed = state === 'DEAD'
  return {
    id, name, queue: 'default', tenant_id: 'default', payload: {}, state, priority: 0, attempts: 1, max_attempts: 3,
    scheduled_at: '2026-11-21T10:00:00Z', next_run_at: null, last_run_at: '2026-11-21T10:00:00Z',
    last_error_type: failed ? 'Error' : null, last_error_message: failed ? 'no such file' : null, backoff_decision: null,
    locked_by: null, lease_expires_at: null, waiting_on: [], result: state === 'SUCCEEDED' ? { width: 10 } : null, correlation_id: id,
    created_at: '2026-11-21T10:00:00Z', updated_at: '2026-11-21T10:00:01Z',
  }
}
