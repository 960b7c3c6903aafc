/**
 * Pulls and builds what a plan says, before anything else of it is done: when an image cannot be had nothing was changed.
 */
import type { ImageState } from '../container-runtime.ts'
import type { ServicesHost } from '../host.ts'
import type { ApplyOptions } from '../services.ts'
import type { Batch } from './apply-services.ts'
import { containerOf, isBuilt } from './look-at-containers.ts'

/** What references meant before, `null` for those that meant nothing. */
export type FormerImages = ReadonlyMap<string, string | null>

/** @throws `docker.image_failed`, `docker.unavailable` */
export async function readyImages(batches: readonly Batch[], host: Pick<ServicesHost, 'containerRuntime'>, { onProgress, signal }: Pick<ApplyOptions, 'onProgress' | 'signal'>): Promise<FormerImages> {
  const each = batches.flatMap(({ services }) => services.flatMap(({ compiled, situation }) => {
    const [container, image] = [compiled && containerOf(compiled), situation.container?.image]
    return container && image && isWanted(image) ? [{ container, image }] : []
  }))
  // Of those that mean the same image the one that can build it counts.
  const wanted = new Map(each.toSorted((one, other) => Number(isBuilt(one.container)) - Number(isBuilt(other.container))).map((one) => [one.image.reference, one]))
  if (wanted.size === 0) return new Map()
  const runtime = await host.containerRuntime()
  // One after the other: together they would share the line, and what they say would be mixed.
  for (const { container } of wanted.values()) await runtime.ensure(container, { ...(onProgress && { onProgress }), ...(signal && { signal }) })
  return new Map([...wanted].map(([reference, { image }]) => [reference, image.id]))
}

/** One that is missing and may not be asked for is refused by `ensure`, in its words. */
function isWanted({ act, id }: ImageState): boolean {
  return act !== 'none' || id === null
}
