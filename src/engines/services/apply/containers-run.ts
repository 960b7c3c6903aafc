/**
 * When a container that was started runs. systemd takes the start of Docker's client for that of the service, and Docker takes
 * a while after that, in which nothing can fail yet.
 */
import type { ServicesHost } from '../host.ts'
import { serviceUnit } from '../run-units.ts'
import type { ServiceManager } from '../service-manager.ts'

/** A machine under load may take that long; what takes longer is looked at as it is. */
const patienceMs = 15_000
const lookEveryMs = 200

/** Resolves when the container of each unit runs, or its unit does not any more. */
export async function untilContainersRun(units: readonly string[], manager: ServiceManager, { clock, containerRuntime }: Pick<ServicesHost, 'clock' | 'containerRuntime'>): Promise<void> {
  if (units.length === 0) return
  const runtime = await containerRuntime()
  const deadline = clock.now() + patienceMs
  while (clock.now() < deadline) {
    const [containers, states] = await Promise.all([runtime.containers(manager.scope), manager.states()])
    const running = new Set(containers.filter(({ running, run }) => running && run === undefined).map(({ service }) => serviceUnit(service)))
    const starting = new Set(states.filter(({ activeState, subState }) => ['active', 'activating'].includes(activeState) && !subState.startsWith('auto-restart')).map(({ unit }) => unit))
    if (units.every((unit) => running.has(unit) || !starting.has(unit))) return
    await clock.sleep(lookEveryMs)
  }
}
