/** Services in containers: the engine on a user manager of systemd, with a Docker daemon beside it. */
import { afterAll, afterEach, beforeAll, expect, vi } from 'vitest'
import type { ContainerDefinition, ServiceDefinition } from '../../../src/engines/services/index.ts'
import { type ServicesOn, defined, servicesOn } from '../systemd/services-on.ts'
import { type UserManager, missingForUserManager, startUserManager } from '../systemd/user-manager.ts'
import { readProperties } from '../systemd/services-host.ts'
import { type DockerEngine, missingForDocker, shellImage, startDockerEngine } from './docker-engine.ts'

export interface ContainerServices {
  readonly machine: UserManager
  readonly engine: DockerEngine
  readonly on: ServicesOn
  /** Properties of the unit of a service, as systemd has them. */
  show(service: string, ...properties: readonly string[]): Promise<Record<string, string>>
  /** Waits until they are these. */
  until(service: string, expected: Readonly<Record<string, unknown>>, timeoutSeconds?: number): Promise<Record<string, string>>
  /** What the unit of a service has written, line by line. */
  log(service: string): Promise<string[]>
}

/** Why this machine cannot have them, if it cannot. */
export function missingForContainers(): string | undefined {
  return missingForUserManager() ?? missingForDocker()
}

/** For the tests of a `describe`. There once the tests run, without services before each. */
export function useContainerServices(daemon: Parameters<typeof startDockerEngine>[0] = {}): ContainerServices {
  let machine: UserManager | undefined
  let engine: DockerEngine | undefined
  let on: ServicesOn | undefined
  beforeAll(async () => {
    [machine, engine] = await Promise.all([startUserManager({ as: 'root', hostPids: true }), startDockerEngine(daemon)])
    on = servicesOn(machine, engine.host)
  }, 60_000)
  afterAll(async () => {
    await on?.[Symbol.asyncDispose]()
    await machine?.[Symbol.asyncDispose]()
    await engine?.[Symbol.asyncDispose]()
  })
  afterEach(async () => {
    await engine!.docker('version').catch(() => engine!.start())
    if ((await on!.services.list({})).length > 0) await on!.services.act('remove', { match: '*' })
  }, 30_000)

  const show: ContainerServices['show'] = async (service, ...properties) =>
    readProperties((await machine!.exec('systemctl', '--user', 'show', `taskflows-${service}.service`, `--property=${properties.join(',')}`)).stdout)[0]!
  return {
    get machine() { return machine! },
    get engine() { return engine! },
    get on() { return on! },
    show,
    until: (service, expected, timeoutSeconds = 20) => vi.waitFor(async () => {
      const found = await show(service, ...Object.keys(expected))
      expect(found).toMatchObject(expected)
      return found
    }, { timeout: timeoutSeconds * 1000, interval: 100 }),
    async log(service) {
      await machine!.exec('journalctl', '--sync').catch(() => {})
      return (await machine!.exec('journalctl', '-o', 'cat', '--user-unit', `taskflows-${service}.service`)).stdout.split('\n')
    },
  }
}

/** A definition of a service in a container of the shell image, by default one that runs on. */
export function contained(name: string, container: Partial<ContainerDefinition> = {}, changes: Partial<ServiceDefinition> = {}): ServiceDefinition {
  return defined(name, { environment: { kind: 'docker', image: shellImage, persisted: false, pull: 'missing', ...container }, ...changes })
}
