/**
 * `bench logging`: lines per second of the logger beside bare pino, which writes less: no app, environment and hostname,
 * no fingerprint, no cutting, no redaction, no context. And the push to Loki: does it keep up with 50,000 lines a second
 * for 20 s, and in how much memory.
 *
 * Both loggers write the same event with five fields to /dev/null, in turns of the event loop of 100 lines, which is how
 * programs that do something else besides log. pino writes to a destination of its own that does not block.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import pino from 'pino'
import { withLogContext } from '../../src/kernel/observe/log-context.ts'
import { createLogSink } from '../../src/kernel/observe/console-log.ts'
import { createLogOutput, writeWhole } from '../../src/kernel/observe/log-output.ts'
import { createRecordWriter } from '../../src/kernel/observe/log-record.ts'
import { createLogger } from '../../src/kernel/observe/logger.ts'
import { installPacked, pack } from '../../test/testbed/packed.ts'
import { type Row, median, rowsOf } from '../rows.ts'
import type { BenchOptions } from '../run.ts'

const linesPerTurn = 100
const request = { request_id: 'a6f1e2c4-0d7a-4f7e-9f38-0a6b3c1d2e4f', trace_id: '0af7651916cd43dd8448eb211c80319c', user: 'ada' }

type Write = (at: number) => void

export async function run({ rounds, n, onProgress }: BenchOptions): Promise<Row[]> {
  const loggers = openLoggers()
  // Context and redaction cost one of them something; the other writes the same either way.
  const works: Readonly<Record<string, (write: Write) => Promise<number>>> = {
    lines: (write) => linesPerSecond(write, n),
    lines_in_context: (write) => withLogContext(request, () => linesPerSecond(write, n)),
  }
  const rows: Row[] = []
  for (const [work, measure] of Object.entries(works)) {
    const values = { taskflows: [] as number[], pino: [] as number[], 'pino-sync': [] as number[] }
    for (let round = 0; round < rounds + 1; round += 1) {
      onProgress(`${work}, ${round === 0 ? 'warming up' : `round ${round}`}`)
      for (const name of Object.keys(values) as (keyof typeof values)[]) {
        const rate = await measure(loggers[name])
        if (round > 0) values[name].push(rate)
      }
    }
    rows.push(...rowsOf(work, 'lines/s', { taskflows: median(values.taskflows), pino: median(values.pino), 'pino-sync': median(values['pino-sync']) }))
  }
  return [...rows, ...await pushRows(onProgress)]
}

function openLoggers(): Readonly<Record<'taskflows' | 'pino' | 'pino-sync', Write>> {
  const [ours, theirs] = [openSync('/dev/null', 'a'), openSync('/dev/null', 'a')]
  const output = createLogOutput((batch) => writeWhole(ours, batch), Date.now)
  const record = createRecordWriter({ labels: { app: 'bench', environment: 'production', hostname: 'localhost' } })
  const sink = createLogSink('info', record, ({ text }) => output.write(`${text}\n`, false))
  const logger = createLogger('bench', () => sink)
  const bare = pino(pino.destination({ fd: theirs, sync: false, minLength: 4096 }))
  const bareSync = pino(pino.destination({ fd: theirs, sync: true }))
  return {
    'taskflows': (at) => logger.info('user_action', fieldsOf(at)),
    'pino': (at) => bare.info(fieldsOf(at), 'user_action'),
    'pino-sync': (at) => bareSync.info(fieldsOf(at), 'user_action'),
  }
}

function fieldsOf(at: number): object {
  return { user_id: at, action: 'login', path: '/api/v1/users', duration_ms: 12.5, ok: true }
}

async function linesPerSecond(write: Write, n: number): Promise<number> {
  const start = performance.now()
  for (let at = 0; at < n; at += 1) {
    write(at)
    if (at % linesPerTurn === linesPerTurn - 1) await nextTurn()
  }
  return n / (performance.now() - start) * 1000
}

const goal = { linesPerSecond: 50_000, rssMb: 150 }
/** A little more than the goal, so that what is measured is the push and not the clock of the program. */
const asked = 52_500

interface Said {
  readonly said: number
  readonly seconds: number
  readonly rssMb: number
}

/** The package as it is installed, since Node would need 50 MB for the types of the sources; and Loki is another process. */
async function pushRows(onProgress: (text: string) => void): Promise<Row[]> {
  const directory = mkdtempSync(join(tmpdir(), 'taskflows-bench-'))
  const loki = fork(join(import.meta.dirname, 'loki.ts'), { execArgv: ['--conditions=source'] })
  try {
    onProgress('packing and installing')
    const program = installProgram(directory)
    const [url] = await once(loki, 'message') as [string]
    onProgress(`pushing ${asked} lines/s to Loki for 20 s`)
    const [{ said, seconds, rssMb }] = await once(fork(program, [url, String(asked)], { execArgv: [] }), 'message') as [Said]
    const counted = once(loki, 'message') as Promise<[number]>
    loki.send('count')
    const [taken] = await counted
    onProgress(`Loki took ${taken} of ${said} lines`)
    return [
      ...rowsOf('loki_push', 'lines/s', { taskflows: taken / seconds, goal: goal.linesPerSecond }),
      ...rowsOf('loki_push_rss', 'MB', { taskflows: rssMb, goal: goal.rssMb }),
    ]
  } finally {
    loki.kill()
    rmSync(directory, { recursive: true })
  }
}

function installProgram(directory: string): string {
  writeFileSync(join(directory, 'package.json'), '{ "private": true }')
  installPacked(pack(directory), directory, ['--omit=optional'])
  const program = join(directory, 'push.mjs')
  copyFileSync(join(import.meta.dirname, 'push.mjs'), program)
  return program
}
