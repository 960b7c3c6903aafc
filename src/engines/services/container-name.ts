/** What the container of a service is called: units start it by this name, and a plan looks for it. */
import type { ContainerDefinition } from './service-definition.ts'

/** @param service `web`, or `worker@` with the instance, which a unit writes as `%i`: names of containers hold no @ */
export function containerName(service: string, { name }: Pick<ContainerDefinition, 'name'>, instance?: string): string {
  return name ?? `taskflows-${service.replace(/@$/, '')}${instance === undefined ? '' : `-${instance}`}`
}
