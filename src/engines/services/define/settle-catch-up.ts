/** `catchUp` says for the whole service what `persistent` says of each calendar. In normal form they agree, so that each can be read alone. */
import { nameIn } from './field.ts'
import { scheduleBrand } from './read-schedule.ts'
import type { Reading } from './reading.ts'
import type { ServiceDefinition } from '../service-definition.ts'

/** @param given the start schedule as it was said: a calendar that says `persistent` itself must not say the opposite */
export function settleCatchUp(service: ServiceDefinition, given: unknown, { names, problems }: Reading): ServiceDefinition {
  const { catchUp, startSchedule } = service
  if (catchUp === undefined || startSchedule === undefined) return service
  const persistent = catchUp === 'last'
  if ((Array.isArray(given) ? given : [given]).some((schedule) => saysPersistent(schedule, !persistent))) {
    problems.push({ path: nameIn(names, 'catchUp'), message: `is ${catchUp}, and a calendar says persistent: ${!persistent}; expected one of the two` })
  }
  return { ...service, startSchedule: startSchedule.map((schedule) => (schedule.kind === 'calendar' ? { ...schedule, persistent } : schedule)) }
}

/** A `Calendar` always has it, also when nobody said it. */
function saysPersistent(schedule: unknown, value: boolean): boolean {
  return typeof schedule === 'object' && schedule !== null && !(scheduleBrand in schedule) && (schedule as { readonly persistent?: unknown }).persistent === value
}
