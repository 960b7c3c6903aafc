/** The end of services by command. Their versions stay, so that a rollback brings them back. */
import { acted } from './act-on-services.ts'
import { changeDisk, tellLongWork } from './apply-services.ts'
import { runsContainer } from './look-at-containers.ts'
import type { ServicesHost } from '../host.ts'
import type { Inventory } from '../look/inventory.ts'
import type { FoundService } from '../look/match-services.ts'
import { planRemoval } from './plan-service.ts'
import type { ActedUnit } from '../services.ts'
import { removeContainersOf } from './tidy-containers.ts'

/** Whole services: to remove an instance is to remove its template. One reload for all. */
export async function removeServices({ manager, states }: Inventory, services: readonly FoundService[], host: ServicesHost, by: string): Promise<ActedUnit[]> {
  if (services.length === 0) return []
  const whole = [...new Map(services.map((service) => [service.definedAs, { ...service, name: service.definedAs }])).values()]
  const planned = whole.map(({ name, scope, installed }) => planRemoval({ name, scope, installed, states, applied: host.versions.latest(scope, name), secretText: null }, 'it is removed'))
  await changeDisk(planned, manager, host, tellLongWork(host.clock, {}))
  // A failed unit whose file is gone would be listed for ever.
  await manager.resetFailed(planned.flatMap(({ change }) => change.steps.flatMap(({ verb, unit }) => (verb === 'stop' ? [unit] : []))))
  const contained = whole.filter(({ installed }) => installed.some(runsContainer)).map(({ name }) => name)
  const problem = await removeContainersOf(contained, manager.scope, host)
  for (const { name, scope } of whole) host.tell({ type: 'removed', name, scope, by, version: null, problem: null })
  return whole.flatMap((service) => service.installed.map(({ unit }) => acted(service, { unit, result: 'done', problem: contained.includes(service.definedAs) ? problem : null })))
}
