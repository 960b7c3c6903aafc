/** `tf start`, `tf show`, `tf next` and others of the contract: how what became of services is shown. */
import type { TaskflowsContract } from '../../../contract/index.ts'
import type { OutputOf } from '../../../contract/operation.ts'
import { exitCodes } from '../../../kernel/errors.ts'
import { backfillFacts, countsText } from '../output/backfill-text.ts'
import type { Listing } from '../output/output.ts'
import { shortTime } from '../output/time.ts'
import { visible, visibleLines } from '../output/visible.ts'
import { whyText } from '../output/why-text.ts'
import { zonedTime } from '../output/zoned-time.ts'
import type { Print, Printers } from '../printers.ts'
import { printApplied } from './apply-services.ts'

type Area = TaskflowsContract['services']
type Acted = OutputOf<Area['start']>
type File = OutputOf<Area['files']>['items'][number]
type Next = OutputOf<Area['next']>['items'][number]

export const servicePrinters: Printers<Area> = {
  files: (page, { output }) => output.page(page, fileListing),
  next: (page, { output, config }) => output.page(page, nextListing(config.displayTimezone)),
  start: printActed('STARTED', 'start'),
  stop: printActed('STOPPED', 'stop'),
  restart: printActed('RESTARTED', 'restart'),
  enable: printActed('ENABLED', 'enable'),
  disable: printActed('DISABLED', 'disable'),
  remove: printActed('REMOVED', 'remove'),
  rollback: printApplied,
  showBackfill: (backfill, { output, config }) => output.item(backfill, { name: backfill.id!, text: () => backfillFacts(backfill, output.paint, zonedTime(config.displayTimezone)) }),
  cancelBackfill: (backfill, { output }) => output.item(backfill, { name: backfill.id!, text: () => `backfill ${backfill.id} of ${visible(backfill.name)} is ${backfill.state}: ${countsText(backfill)}` }),
  why: (why, { output, config }) => output.item(why, { name: why.name, text: async () => whyText(why, output.paint, zonedTime(config.displayTimezone), Date.now()) }),
}

/** Each unit with what became of it; of a pattern some may have failed. */
function printActed(done: string, verb: string): Print<Acted> {
  return async (acted, { output, values }) => {
    await output.page(acted, {
      name: ({ unit }) => unit,
      empty: `There is nothing to ${verb}${values['timers'] === true ? ': no timers' : ''}.`,
      columns: [
        { header: done, value: ({ unit }) => unit },
        { header: 'SERVICE', value: ({ service }) => service },
        { header: 'RESULT', value: ({ result, problem }) => problem ?? result, style: ({ problem }) => (problem === null ? undefined : 'red'), flexible: true },
      ],
      moreColumns: [
        { header: 'SCOPE', value: ({ scope }) => scope },
        { header: 'HOST', value: () => acted.hostname },
      ],
    })
    const failed = acted.items.filter(({ problem }) => problem !== null).length
    return failed === 0 ? exitCodes.ok : failed === acted.items.length ? exitCodes.error : exitCodes.partial
  }
}

const fileListing: Listing<File> = {
  name: ({ path }) => path,
  empty: 'No files match.',
  columns: [],
  text: ({ service, hostname, file, path, kind, content }, paint) =>
    [paint('bold', visible(`# ${service} on ${hostname}, ${kind === 'unit' ? file : `drop-in of ${file}`}: ${path}`)), visibleLines(content.trimEnd())].join('\n'),
}

function nextListing(zone: string): Listing<Next> {
  const [time, nowMs] = [zonedTime(zone), Date.now()]
  return {
    name: ({ service }) => service,
    empty: 'Nothing runs on a schedule.',
    columns: [],
    text: ({ service, schedule, runs }, paint) => {
      const lines = runs.map((run) => `  ${time.full(run)}${soon(run, nowMs)}`)
      return [`${paint('bold', visible(service))}  ${visible(schedule)}`, ...(lines.length > 0 ? lines : [paint('dim', '  not known, or never')])].join('\n')
    },
  }
}

/** Days away the date says enough. */
function soon(iso: string, nowMs: number): string {
  return Math.abs(Date.parse(iso) - nowMs) < 86_400_000 ? `  ${shortTime(iso, nowMs)}` : ''
}
