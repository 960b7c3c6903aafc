/** `tf events`: how the event log is shown. */
import type { TaskflowsContract } from '../../../contract/index.ts'
import type { OutputOf } from '../../../contract/operation.ts'
import type { Listing } from '../output/output.ts'
import { localTime } from '../output/time.ts'
import type { Printers } from '../printers.ts'

type Area = TaskflowsContract['events']
type Event = OutputOf<Area['list']>['items'][number]

export const eventPrinters: Printers<Area> = {
  list: (page, { output }) => output.page(page, eventListing),
}

export const eventListing: Listing<Event> = {
  name: ({ id }) => id,
  empty: 'No events match.',
  // The log has no last page: what happens later comes after the cursor.
  more: 'To go on from here, now or later:',
  columns: [
    { header: 'AT', value: ({ at }) => localTime(at) },
    { header: 'TYPE', value: ({ type }) => type },
    { header: 'SUBJECT', value: ({ subject }) => subject },
    { header: 'NAME', value: ({ name }) => name, flexible: true },
    { header: 'BY', value: ({ actor }) => actor, flexible: true },
  ],
  moreColumns: [
    { header: 'ID', value: ({ id }) => id },
    { header: 'TENANT', value: ({ tenant_id }) => tenant_id, flexible: true },
    { header: 'CORRELATION', value: ({ correlation_id }) => correlation_id, flexible: true },
    { header: 'DATA', value: ({ data }) => JSON.stringify(data), flexible: true },
  ],
}
