/**
 * How images and containers stand before a plan. Docker is asked when a service is to run in it, or did; of the
 * others it need not even be installed. `plan-container.ts` says what follows.
 */
import { TaskflowsError } from '../../../kernel/errors.ts'
import type { ContainerRuntime, ContainerState, ImageState, ImageWanted } from '../container-runtime.ts'
import type { ServicesHost } from '../host.ts'
import type { ContainerDefinition, ServiceScope } from '../service-definition.ts'
import type { CompiledService, InstalledUnit, VerifyFinding } from '../service-manager.ts'

/** Of one service. */
export interface ContainerFacts {
  /** Of what it is to be made; absent for one that runs in no container any more, and when Docker does not say. */
  readonly image?: ImageState
  /** Those that were made for it. */
  readonly containers: readonly ContainerState[]
}

export interface ContainerLook {
  of(service: string): ContainerFacts
  readonly findings: readonly VerifyFinding[]
}

/** @param offline a plan can be made without Docker @throws `docker.unavailable`, `docker.image_failed` unless it is */
export async function lookAtContainers(compiled: readonly CompiledService[], installed: readonly InstalledUnit[], { host, scope, offline }: { readonly host: Pick<ServicesHost, 'containerRuntime'>; readonly scope: ServiceScope; readonly offline: boolean }): Promise<ContainerLook> {
  const wanted = new Map(compiled.flatMap((service) => {
    const container = containerOf(service)
    return container ? [[service.definition.name, container] as const] : []
  }))
  if (wanted.size === 0 && !installed.some(runsContainer)) return { of: () => ({ containers: [] }), findings: [] }
  try {
    const runtime = await host.containerRuntime()
    const describe = describer(runtime)
    const containers = await runtime.containers(scope)
    const images = await Promise.all([...wanted].map(async ([name, container]) => ({ name, container, image: await describe(container) })))
    const built = new Map(images.flatMap(({ container, image }) => (isBuilt(container) ? [[image.reference, image] as const] : [])))
    // What one service has built is what another means by its name.
    const meant = new Map(images.map(({ name, container, image }) => [name, container.pull === 'always' ? image : built.get(image.reference) ?? image]))
    return { of: (service) => factsOf(service, meant.get(service), containers), findings: [] }
  } catch (error) {
    if (wanted.size > 0 && !offline) throw error
    if (!(error instanceof TaskflowsError)) throw error
    const findings: VerifyFinding[] = wanted.size === 0 ? [] : [{ unit: 'docker', severity: 'warning', message: `${error.message}, so it is not known what images there are` }]
    return { of: () => ({ containers: [] }), findings }
  }
}

function factsOf(service: string, image: ImageState | undefined, containers: readonly ContainerState[]): ContainerFacts {
  return { ...(image && { image }), containers: containers.filter((container) => isOf(container, service)) }
}

/** Services that share an image have it looked at once. */
function describer(runtime: ContainerRuntime): (wanted: ImageWanted) => Promise<ImageState> {
  const known = new Map<string, Promise<ImageState>>()
  return ({ image, pull, platform }) => {
    const wanted: ImageWanted = { image, pull, ...(platform !== undefined && { platform }) }
    const key = JSON.stringify(wanted)
    const found = known.get(key) ?? runtime.describe(wanted)
    known.set(key, found)
    return found
  }
}

export function isBuilt({ image }: ImageWanted): boolean {
  return typeof image !== 'string'
}

export function containerOf({ environment }: CompiledService): ContainerDefinition | undefined {
  return environment?.kind === 'docker' ? environment : undefined
}

/** Of a template those of its instances too. */
export function isOf({ service }: ContainerState, name: string): boolean {
  return name.endsWith('@') ? service.startsWith(name) : service === name
}

/** By its text, since what the definition named as its environment may be something else by now. */
export function runsContainer({ role, text }: InstalledUnit): boolean {
  return role === 'service' && text.includes('taskflows.owner=')
}
