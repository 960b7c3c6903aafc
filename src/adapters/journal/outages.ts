/** When this machine was down, by what journald wrote last before and first after, through journalctl(1). */
import { uptime } from 'node:os'
import { TaskflowsError } from '../../kernel/errors.ts'
import { journalLines } from './journalctl.ts'

/** Epoch milliseconds. */
export interface Outage {
  readonly from: number
  readonly until: number
}

/** Those that ended after `since`. Where the journal keeps only the present boot, all the time before that counts as one. */
export async function readOutages(since: number, { timeoutMs, program = 'journalctl' }: { readonly timeoutMs: number; readonly program?: string }): Promise<Outage[]> {
  const found = outagesIn(await listBoots(program, timeoutMs)).filter(({ until }) => until > since)
  const bootedAt = Date.now() - uptime() * 1000
  return found.length > 0 || bootedAt <= since ? found : [{ from: since, until: bootedAt }]
}

/** @param lines of `journalctl --list-boots --utc`, the oldest first */
export function outagesIn(lines: readonly string[]): Outage[] {
  const boots = lines.flatMap((line) => {
    const [first, last] = [...line.matchAll(/(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d) UTC/g)].map(([, date, time]) => Date.parse(`${date}T${time}Z`))
    return first === undefined || last === undefined ? [] : [{ first, last }]
  })
  return boots.slice(1).map(({ first }, at) => ({ from: boots[at]!.last, until: first }))
}

/** None where there is no journal. */
async function listBoots(program: string, timeoutMs: number): Promise<string[]> {
  try {
    const lines: string[] = []
    for await (const line of journalLines(program, ['--list-boots', '--utc', '--quiet', '--no-pager'], AbortSignal.timeout(timeoutMs), 'it took too long')) lines.push(line)
    return lines
  } catch (error) {
    if (error instanceof TaskflowsError && error.code === 'logs.unavailable') return []
    throw error
  }
}
