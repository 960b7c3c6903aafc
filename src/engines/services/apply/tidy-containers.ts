/** Removes the containers that a change leaves behind, and goes back to former images when it is taken back. */
import { TaskflowsError } from '../../../kernel/errors.ts'
import type { ContainerState } from '../container-runtime.ts'
import type { ServicesHost } from '../host.ts'
import type { ServiceScope } from '../service-definition.ts'
import { containerOf, isOf } from './look-at-containers.ts'
import { leftovers } from './plan-container.ts'
import type { PlannedService } from './plan-service.ts'
import type { FormerImages } from './ready-images.ts'

type Host = Pick<ServicesHost, 'containerRuntime'>

/** Between the stops and the starts of an apply: nothing that runs for good is among them then. */
export async function removeLeftovers(changing: readonly PlannedService[], host: Host): Promise<void> {
  const names = changing.flatMap(({ compiled, situation, change }) => {
    const stopped = change.steps.some(({ verb }) => verb === 'stop')
    return leftovers(compiled, situation.container ?? { containers: [] }).filter(({ running }) => stopped || !running).map(({ name }) => name)
  })
  if (names.length > 0) await (await host.containerRuntime()).remove(names)
}

/**
 * Of services that did not come up, before their former units start: images mean again what they meant, unless a service that
 * came up has the new one, and containers that were made meanwhile go.
 */
export async function undoContainers(failed: readonly PlannedService[], kept: readonly PlannedService[], former: FormerImages, host: Host): Promise<void> {
  const affected = failed.filter(({ compiled }) => compiled !== null && containerOf(compiled) !== undefined)
  if (affected.length === 0) return
  const runtime = await host.containerRuntime()
  const references = (services: readonly PlannedService[]): Set<string> => new Set(services.flatMap(({ situation }) => situation.container?.image?.reference ?? []))
  const inUse = references(kept)
  for (const reference of references(affected)) {
    const id = former.get(reference) ?? null
    if (id !== null && !inUse.has(reference)) await runtime.restore(reference, id)
  }
  const now = await runtime.containers(affected[0]!.change.scope)
  const names = affected.flatMap(({ change, situation }) => {
    const before = new Set(situation.container?.containers.map(({ name, imageId }) => `${name} ${imageId}`))
    return now.filter((container) => isOf(container, change.name) && !before.has(`${container.name} ${container.imageId}`)).map(({ name }) => name)
  })
  await runtime.remove(names)
}

/** All that were made for services that are gone. Why they could not be removed, if they could not; nothing is left of those that are not kept. */
export async function removeContainersOf(names: readonly string[], scope: ServiceScope, host: Host): Promise<string | null> {
  if (names.length === 0) return null
  try {
    const runtime = await host.containerRuntime()
    const gone = (container: ContainerState): boolean => names.some((name) => isOf(container, name))
    await runtime.remove((await runtime.containers(scope)).filter(gone).map(({ name }) => name))
    return null
  } catch (error) {
    if (!(error instanceof TaskflowsError)) throw error
    return `its container may be left: ${error.message}`
  }
}
