/** What a plan does about images and containers. Pure; `plan-service.ts` has the rest of the plan. */
import { containerName } from '../container-name.ts'
import type { ContainerState } from '../container-runtime.ts'
import type { CompiledService } from '../service-manager.ts'
import type { ServiceChange } from '../services.ts'
import { type ContainerFacts, containerOf } from './look-at-containers.ts'

type Step = ServiceChange['steps'][number]

/** What is pulled or built before anything else is done. */
export function imageSteps({ image }: ContainerFacts): Step[] {
  return image === undefined || image.act === 'none' ? [] : [{ verb: image.act, unit: image.reference, why: image.why }]
}

export function imageWarnings({ image }: ContainerFacts): string[] {
  return image?.act === 'none' && image.id === null ? [`the image ${image.reference} ${image.why}`] : []
}

/**
 * Why what runs is not made of the image that the service is to have; `undefined` when it is, and when only an apply can tell.
 * A container that is kept between runs keeps its image as well, unless that is built here or newer ones are asked for.
 */
export function outdated(compiled: CompiledService, { image, containers }: ContainerFacts): string | undefined {
  const container = containerOf(compiled)
  if (image === undefined || container === undefined) return undefined
  if (image.act === 'build') return 'its image is built anew'
  if (container.persisted && typeof container.image === 'string' && container.pull !== 'always') return undefined
  return containers.some(({ running, run, imageId }) => running && run === undefined && image.id !== null && imageId !== image.id) ? 'it runs in a container of a former image' : undefined
}

/** Containers that nothing starts or removes any more once the units are as planned: under names that the service does not have now. Single runs remove theirs. */
export function leftovers(compiled: CompiledService | null, { containers: all }: ContainerFacts): readonly ContainerState[] {
  const containers = all.filter(({ run }) => run === undefined)
  const container = compiled === null ? undefined : containerOf(compiled)
  if (compiled === null || container === undefined) return containers
  const { name, instances } = compiled.definition
  const names = new Set((instances ?? [undefined]).map((instance) => containerName(name, container, instance)))
  return containers.filter((each) => !names.has(each.name))
}

/** Once the unit is another one, a restart would look for the container under its new name, or for none. */
export function mustStopFirst(compiled: CompiledService, facts: ContainerFacts): boolean {
  return leftovers(compiled, facts).some(({ running }) => running)
}
