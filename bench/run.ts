/**
 * `npm run bench -- NAME [--rounds N] [--n N] [--peers A,B] [--json]`: measures us beside others in one run.
 *
 * Prints a table, or with --json one object `{ name, machine, rows }`; progress goes to stderr.
 */
import { parseArgs } from 'node:util'
import { describeMachine } from './machine.ts'
import { type Row, renderTable } from './rows.ts'

export interface BenchOptions {
  /** How often everything is measured; a row shows the median. Default 1; for figures to publish, 3 or more. */
  readonly rounds: number
  /** Jobs per measurement; services, of those. */
  readonly n: number
  /** Whom to measure against. Default: all that the bench knows. */
  readonly peers: readonly string[] | undefined
  /** Told what is measured now. */
  readonly onProgress: (text: string) => void
}

const benches: Readonly<Record<string, () => Promise<{ readonly run: (options: BenchOptions) => Promise<Row[]> }>>> = {
  jobs: () => import('./jobs/bench.ts'),
  api: () => import('./api/bench.ts'),
  events: () => import('./events/bench.ts'),
  cli: () => import('./cli/bench.ts'),
  import: () => import('./import/bench.ts'),
  tasks: () => import('./tasks/bench.ts'),
  logging: () => import('./logging/bench.ts'),
  services: () => import('./services/bench.ts'),
}

process.exitCode = await main()

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      rounds: { type: 'string', default: '1' },
      n: { type: 'string', default: '100000' },
      peers: { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  })
  const [name = ''] = positionals
  const load = benches[name]
  const [rounds, n] = [Number(values.rounds), Number(values.n)]
  if (!load || positionals.length > 1 || !isPositive(rounds) || !isPositive(n)) {
    console.error(`Usage: npm run bench -- ${Object.keys(benches).join('|')} [--rounds N] [--n N] [--peers A,B] [--json]`)
    return 2
  }
  const { run } = await load()
  const rows = await run({ rounds, n, peers: values.peers?.split(','), onProgress: (text) => process.stderr.write(`${text}\n`) })
  console.log(values.json ? JSON.stringify({ name, machine: describeMachine(), rows }, null, 2) : renderTable(rows))
  return 0
}

function isPositive(number: number): boolean {
  return Number.isInteger(number) && number > 0
}
