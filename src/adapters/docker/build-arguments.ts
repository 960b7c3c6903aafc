/** The arguments of `docker build` for an image. Pure. */
import { resolve } from 'node:path'
import { steersDocker } from '../../engines/services/define/steering-env.ts'
import type { ImageDefinition } from '../../engines/services/service-definition.ts'

/** The label of an image that says what it was built from. */
export const sourceLabel = 'taskflows.source'

export interface BuildCall {
  readonly args: readonly string[]
  /** Build arguments travel by their names alone: arguments of a program are for everybody to read. */
  readonly env: Readonly<Record<string, string>>
}

/** @param source what `sourceLabel` is to say */
export function buildCall(image: ImageDefinition, source: string): BuildCall {
  const given = Object.entries(image.buildArgs ?? {})
  const [named, hidden] = [given.filter(([name]) => steersDocker(name)), given.filter(([name]) => !steersDocker(name))]
  const flag = (name: string, value: string | number | undefined): string[] => (value === undefined ? [] : [`--${name}=${value}`])
  const pairs = (name: string, entries: Readonly<Record<string, string>> = {}, between = '='): string[] => Object.entries(entries).map(([key, value]) => `--${name}=${key}${between}${value}`)
  return {
    args: [
      // A step that fails must not leave its container behind.
      'build', '--force-rm', ...flag('tag', image.tag), ...flag('file', dockerfileOf(image)),
      ...pairs('build-arg', Object.fromEntries(named)), ...hidden.map(([name]) => `--build-arg=${name}`),
      ...pairs('label', { ...image.labels, [sourceLabel]: source }),
      ...flag('target', image.target), ...(image.cacheFrom ?? []).flatMap((reference) => flag('cache-from', reference)),
      ...flag('network', image.networkMode), ...pairs('add-host', image.extraHosts, ':'), ...flag('platform', image.platform), ...flag('shm-size', image.shmSize),
      ...(image.noCache ? ['--no-cache'] : []), ...(image.pull ? ['--pull'] : []),
      '--', image.path,
    ],
    env: Object.fromEntries(hidden),
  }
}

export function dockerfileOf({ path, dockerfile }: ImageDefinition): string {
  return resolve(path, dockerfile)
}
