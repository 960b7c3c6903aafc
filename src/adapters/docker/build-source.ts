/**
 * What an image is built from, as one hash: each file of its context by path, mode and content, and what its definition says. An image
 * keeps it in a label, so that a build is repeated when, and only when, something of it changed. Times and owners
 * do not count; neither do they for Docker's own cache.
 */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { lstat, readFile, readdir, readlink } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { looksSecret } from '../../engines/services/define/secret-env.ts'
import type { ImageDefinition } from '../../engines/services/service-definition.ts'
import { TaskflowsError, messageOf } from '../../kernel/errors.ts'
import { dockerfileOf } from './build-arguments.ts'
import { hasExceptions, ignoredPaths } from './ignored-paths.ts'

/** @throws `docker.image_failed` when the context cannot be read */
export async function hashBuildSource(image: ImageDefinition): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify(saidOf(image)))
  try {
    const dockerfile = dockerfileOf(image)
    const ignore = await readIgnore(image.path, dockerfile)
    // Docker sends it whatever is ignored, and from wherever it is.
    hash.update(`\0dockerfile\0`).update(await readFile(dockerfile))
    for await (const { path, file } of contextFiles(image.path, ignore)) {
      const { mode, size } = file
      hash.update(`\0${path}\0${mode.toString(8)}\0`)
      if (file.isSymbolicLink()) hash.update(await readlink(join(image.path, path)))
      else if (file.isFile()) {
        hash.update(`${size}\0`)
        await pipeline(createReadStream(join(image.path, path)), async (chunks) => { for await (const chunk of chunks) hash.update(chunk as Buffer) })
      }
    }
  } catch (error) {
    throw new TaskflowsError('docker.image_failed', `The image ${image.tag} cannot be built from ${image.path}: ${messageOf(error)}`, { details: { image: image.tag, path: image.path }, cause: error })
  }
  return hash.digest('hex')
}

/** Where it is does not count, nor how it is looked for; of secrets only their names, since whoever sees the image sees the label. */
function saidOf({ path: _path, timeout: _timeout, noCache: _noCache, pull: _pull, buildArgs = {}, ...said }: ImageDefinition): unknown {
  const sorted = <T>(record: { readonly [key: string]: T }): [string, T][] => Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1))
  return [sorted<unknown>(said), sorted(buildArgs).map(([name, value]) => [name, looksSecret(name, value) ? null : value])]
}

interface Ignore {
  readonly ignored: (path: string) => boolean
  readonly looksBelow: boolean
}

/** `Dockerfile.dockerignore` beside the Dockerfile wins, as with BuildKit. */
async function readIgnore(root: string, dockerfile: string): Promise<Ignore> {
  const read = (path: string): Promise<string | null> => readFile(path, 'utf8').catch(() => null)
  const text = await read(`${dockerfile}.dockerignore`) ?? await read(join(root, '.dockerignore')) ?? ''
  return { ignored: ignoredPaths(text), looksBelow: hasExceptions(text) }
}

interface ContextFile {
  readonly path: string
  readonly file: Awaited<ReturnType<typeof lstat>>
}

/** In one order on every machine. */
async function* contextFiles(root: string, { ignored, looksBelow }: Ignore, below = ''): AsyncGenerator<ContextFile> {
  for (const name of (await readdir(join(root, below))).sort()) {
    const path = below === '' ? name : `${below}/${name}`
    const file = await lstat(join(root, path))
    const isOut = ignored(path)
    if (!isOut) yield { path, file }
    if (file.isDirectory() && (!isOut || looksBelow)) yield* contextFiles(root, { ignored, looksBelow }, path)
  }
}
