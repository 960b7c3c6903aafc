/** The way back for services that did not come up: their former units, and what ran before runs again. */
import { isFailure } from './come-up.ts'
import type { ServicesHost } from '../host.ts'
import { type PlannedService, isRunning } from './plan-service.ts'
import type { FormerImages } from './ready-images.ts'
import type { ServiceManager, UnitFile } from '../service-manager.ts'
import { undoContainers } from './tidy-containers.ts'

interface Former {
  readonly units: readonly UnitFile[]
  readonly secretText: string | null
}

/** What there is to go back to. A new service goes back to nothing; one that was only started has no way back. */
function formerOf({ compiled, situation, change, rewritten }: PlannedService, images: FormerImages): Former | undefined {
  const { installed, applied, secretText, container } = situation
  const hadImage = (images.get(container?.image?.reference ?? '') ?? null) !== null
  if (!(rewritten || hadImage) || compiled === null) return undefined
  if (change.files.length > 0 || !rewritten) return { units: installed, secretText }
  // An apply that was cut short had written it already: what ran then is the version before.
  return applied && { units: applied.units, secretText: applied.secretEnv?.text ?? null }
}

export function canRollBack(service: PlannedService, images: FormerImages): boolean {
  return formerOf(service, images) !== undefined
}

export interface WayBack {
  readonly manager: ServiceManager
  readonly host: Pick<ServicesHost, 'containerRuntime'>
  readonly images: FormerImages
  /** Services of the same apply that stay as they are now. */
  readonly kept: readonly PlannedService[]
}

/**
 * One reload for all. They had been written, and perhaps started.
 * @returns what went wrong on the way back, by name
 */
export async function rollBack(services: readonly PlannedService[], { manager, host, images, kept }: WayBack): Promise<Map<string, string>> {
  const restored = services.map((service) => ({ service, former: formerOf(service, images)! }))
  const steps = services.flatMap((service) => service.change.steps.map((step) => ({ ...step, name: service.change.name, ranBefore: isRunning(service.situation.states.get(step.unit)) })))
  const unitsWhere = (wanted: (step: (typeof steps)[number]) => boolean): string[] => steps.filter(wanted).map(({ unit }) => unit)

  await manager.act('stop', unitsWhere(({ verb }) => verb === 'start'))
  await manager.setEnabled(unitsWhere(({ verb }) => verb === 'enable'), false)
  await manager.write({
    units: restored.flatMap(({ former }) => former.units),
    removed: restored.flatMap(({ service, former }) => {
      const kept = new Set(former.units.map(({ unit }) => unit))
      return service.compiled!.units.map(({ unit }) => unit).filter((unit) => !kept.has(unit))
    }),
    secretEnv: restored.flatMap(({ service, former }) => (service.compiled!.secretEnv ? [{ path: service.compiled!.secretEnv.path, text: former.secretText }] : [])),
  })
  await manager.setEnabled(unitsWhere(({ verb }) => verb === 'disable'), true)
  await manager.reload()
  await manager.resetFailed(unitsWhere(({ verb }) => !['keep', 'pull', 'build'].includes(verb)))
  await undoContainers(services, kept, images, host)

  await manager.act('start', unitsWhere(({ verb, ranBefore }) => verb === 'stop' && ranBefore))
  const outcomes = await manager.act('restart', unitsWhere(({ verb }) => verb === 'restart' || verb === 'reload'))
  return new Map(outcomes.filter(isFailure).map(({ unit, result, problem }) => [
    steps.find((step) => step.unit === unit)!.name, `its former version does not come up either: ${problem ?? result}`,
  ]))
}
