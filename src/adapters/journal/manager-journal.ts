/**
 * What a manager of systemd writes about units of ours, in its order and from where a reader was, through journalctl(1).
 * `unit-journal.ts` reads what units write themselves.
 */
import { constants } from 'node:os'
import type { ManagerMessage, ManagerWord } from '../../engines/services/ledger/journal-runs.ts'
import { peakMessageId } from '../../engines/services/ledger/peak-message.ts'
import type { ManagerJournal } from '../../engines/services/ledger/manager-journal.ts'
import { journalLines } from './journalctl.ts'

export interface ManagerJournalOptions {
  readonly scope: 'user' | 'system'
  /** Whose manager, for scope `user`. */
  readonly uid: number
  readonly program?: string
  /** What is written about this unit alone. Default all units. */
  readonly unit?: string
}

/** The ids of messages in systemd's catalogue: sd-messages.h. */
const words: Readonly<Record<string, ManagerWord>> = {
  '7d4958e842da4a758f6c1cdc7b36dcc5': 'starting', // SD_MESSAGE_UNIT_STARTING
  '39f53479d3a045ac8e11786248231fbf': 'started', // SD_MESSAGE_UNIT_STARTED
  '98e322203f7a4ed290d09fe03c09fe15': 'exited', // SD_MESSAGE_UNIT_PROCESS_EXIT
  'd9b373ed55a64feb8242e02dbe79a49c': 'failed', // SD_MESSAGE_UNIT_FAILURE_RESULT
  '0e4284a0caca4bfc81c0bb6786972673': 'skipped', // SD_MESSAGE_UNIT_SKIPPED, by ExecCondition=
  'be02cf6855d2428ba40df7e9d022f03d': 'forbidden', // SD_MESSAGE_UNIT_FAILED, if it is for an assertion
  '7ad2d189f7e94e70a38c781354912448': 'succeeded', // SD_MESSAGE_UNIT_SUCCESS
  'de5b426a63be47a7b6ac3eaac82e2f6f': 'stopping', // SD_MESSAGE_UNIT_STOPPING
  '9d1aaa27d60140bd96365438aad20286': 'stopped', // SD_MESSAGE_UNIT_STOPPED
  '5eb03494b6584870a536b337290809b3': 'restarting', // SD_MESSAGE_UNIT_RESTART_SCHEDULED
  'ae8f7b866b0347b9af31fe1c80b127c0': 'measured', // SD_MESSAGE_UNIT_RESOURCES
  [peakMessageId]: 'peaked', // of units of ours, where systemd does not say it
  'b07a249cd024414a82dd00cd181378ff': 'manager_started', // SD_MESSAGE_STARTUP_FINISHED
  'eed00a68ffd84e31882105fd973abdd1': 'manager_started', // SD_MESSAGE_USER_STARTUP_FINISHED
}

const fields = [
  'MESSAGE_ID', 'MESSAGE', 'UNIT', 'USER_UNIT', 'INVOCATION_ID', 'USER_INVOCATION_ID', '_BOOT_ID', '_PID', '_SOURCE_REALTIME_TIMESTAMP', 'JOB_TYPE',
  'JOB_RESULT', 'UNIT_RESULT', 'COMMAND', 'EXIT_CODE', 'EXIT_STATUS', 'CPU_USAGE_NSEC', 'MEMORY_PEAK',
]

export function createManagerJournal({ scope, uid, program = 'journalctl', unit }: ManagerJournalOptions): ManagerJournal {
  const ofUnit = unit === undefined ? [] : [`${scope === 'user' ? 'USER_UNIT' : 'UNIT'}=${unit}`]
  const ids = Object.keys(words).map((id) => `MESSAGE_ID=${id}`)
  // What root says by the units of the machine is as good as what their manager says.
  const matches = scope === 'user' ? [`_UID=${uid}`, ...ofUnit, ...ids] : ['_PID=1', ...ofUnit, ...ids, '+', '_UID=0', ...ofUnit, `MESSAGE_ID=${peakMessageId}`]
  return {
    read: async function* (from, signal) {
      const start = 'cursor' in from ? `--cursor=${from.cursor}` : `--since=@${Math.floor(from.sinceMs / 1000)}`
      const args = ['--output=json', '--all', '--quiet', '--no-pager', `--output-fields=${fields.join(',')}`, start, ...matches]
      for await (const line of journalLines(program, args, signal)) {
        const entry = parse(line)
        const cursor = entry?.['__CURSOR']
        if (entry !== undefined && typeof cursor === 'string') yield { cursor, message: messageOf(entry, scope) }
      }
    },
  }
}

type Entry = Readonly<Record<string, unknown>>

function parse(line: string): Entry | undefined {
  try {
    return JSON.parse(line) as Entry
  } catch {
    return undefined
  }
}

/** `undefined` for what says nothing of a run. */
export function messageOf(entry: Entry, scope: 'user' | 'system'): ManagerMessage | undefined {
  const text = (name: string): string | null => (typeof entry[name] === 'string' && entry[name] !== '' ? entry[name] : null)
  const number = (name: string): number | null => (text(name) === null ? null : Number(text(name)))
  const said = text('MESSAGE') ?? ''
  const [unit, invocationId] = scope === 'user' ? [text('USER_UNIT'), text('USER_INVOCATION_ID')] : [text('UNIT'), text('INVOCATION_ID')]
  const word = wordOf(text('MESSAGE_ID') ?? '', { said, unit, jobResult: text('JOB_RESULT') })
  if (word === undefined) return undefined
  if (word !== 'manager_started' && unit === null) return undefined
  const bootId = text('_BOOT_ID') ?? ''
  const [status, isExit] = [number('EXIT_STATUS'), text('EXIT_CODE') === 'exited']
  const cpu = number('CPU_USAGE_NSEC')
  return {
    at: (number('_SOURCE_REALTIME_TIMESTAMP') ?? number('__REALTIME_TIMESTAMP') ?? 0) / 1000,
    // What was forbidden names the invocation before it, if there was one.
    word, unit: unit ?? '', invocationId: word === 'forbidden' ? null : invocationId, bootId, manager: `${bootId}/${text('_PID')}`,
    job: text('JOB_TYPE'), result: text('UNIT_RESULT'), reason: word === 'forbidden' ? unmetIn(said) ?? 'an assertion of its unit did not hold' : null,
    exitCode: word === 'exited' && isExit ? status : null, exitSignal: word === 'exited' && !isExit ? signalName(status) : null,
    cpuSeconds: cpu === null ? null : cpu / 1e9, memoryPeakBytes: number('MEMORY_PEAK'),
  }
}

/** A start that its conditions forbid bears the id of one that was done, and words of its own; those for ExecCondition= name none, and come behind `skipped`. */
function wordOf(id: string, { said, unit, jobResult }: { readonly said: string; readonly unit: string | null; readonly jobResult: string | null }): ManagerWord | undefined {
  const word = words[id]
  switch (word) {
    // Reached once everything else is down: systemd.special(7).
    case 'started': return unit === 'shutdown.target' ? 'all_stopped' : unmetIn(said) !== undefined ? 'forbidden' : said.startsWith('Finished ') ? 'finished' : said.startsWith('Started') ? word : undefined
    case 'forbidden': return jobResult === 'assert' ? word : undefined
    case 'exited': return said.includes(': Main process exited') ? word : undefined
    default: return word
  }
}

/** `not met: ConditionCPUs=>=8`, in the words of systemd 252 and in those of later ones. */
function unmetIn(said: string): string | undefined {
  const condition = / was skipped because of an unmet condition check \((.+)\)\.$/s.exec(said)?.[1] ?? / skipped, unmet condition check ?(.+)$/s.exec(said)?.[1]
  if (condition !== undefined) return `not met: ${condition}`
  return / skipped(?: because|,) no trigger condition checks were met/.test(said) ? 'not met: none of its conditions with |, of which one must hold' : undefined
}

function signalName(status: number | null): string {
  return Object.entries(constants.signals).find(([, value]) => value === status)?.[0] ?? `signal ${status}`
}
