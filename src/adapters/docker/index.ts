/**
 * Docker as the port `ContainerRuntime`: images pulled and built, and containers that were left over removed. What starts and
 * stops containers is their units, which `adapters/systemd/compile` makes.
 */
import type { ContainerRuntime, ContainerState, ImageState, ImageWanted } from '../../engines/services/container-runtime.ts'
import type { ImageDefinition } from '../../engines/services/service-definition.ts'
import { TaskflowsError } from '../../kernel/errors.ts'
import { buildCall, sourceLabel } from './build-arguments.ts'
import { hashBuildSource } from './build-source.ts'
import { type DockerAnswer, type DockerCall, type DockerClientOptions, createDockerClient } from './docker-client.ts'

/** Says whose a container is: `user/1000/web`. Units of ours set it. */
const ownerLabel = 'taskflows.owner'

export interface DockerOptions extends DockerClientOptions {
  /** Of the account whose services in scope `user` are meant. */
  readonly uid: number
}

export function createDocker({ uid, ...options }: DockerOptions): ContainerRuntime {
  const client = createDockerClient(options)

  async function imageOf(reference: string): Promise<{ readonly id: string; readonly labels: Readonly<Record<string, string>> } | undefined> {
    const { code, stdout, tail } = await client.run(['image', 'inspect', '--format={{json .Id}}\n{{json .Config.Labels}}', '--', reference])
    if (code !== 0) {
      if (/no such image/i.test(tail.join('\n'))) return undefined
      throw imageFailed(reference, `The image ${reference} cannot be looked at`, tail)
    }
    const [id = '""', labels = '{}'] = stdout.split('\n')
    return { id: JSON.parse(id) as string, labels: (JSON.parse(labels) ?? {}) as Record<string, string> }
  }

  async function look({ image, pull }: ImageWanted): Promise<ImageState & { readonly source?: string }> {
    const reference = referenceOf(image)
    const found = await imageOf(reference)
    const state = (act: ImageState['act'], why: string): ImageState => ({ reference, id: found?.id ?? null, act, why })
    if (pull === 'never') return state('none', found ? 'is there' : 'is not there, and pull is never')
    if (typeof image === 'string') {
      if (!found) return state('pull', 'is not there yet')
      return pull === 'always' ? state('pull', `is asked for at each apply; ${shortId(found.id)} is there`) : state('none', 'is there')
    }
    const source = await hashBuildSource(image)
    return { ...judgeBuild(source, found, pull, state), source }
  }

  const told = (what: string, { onProgress, signal }: Parameters<ContainerRuntime['ensure']>[1] = {}): DockerCall => ({
    isWork: true, ...(signal && { signal }), ...(onProgress && { onLine: (line: string) => onProgress(`${what}: ${line}`) }),
  })

  async function build(image: ImageDefinition, source: string, call: DockerCall): Promise<void> {
    const failed = `The image ${image.tag} cannot be built from ${image.path}`
    const limit = image.timeout === undefined ? undefined : AbortSignal.timeout(image.timeout * 1000)
    const limits = [call.signal, limit].filter((signal) => signal !== undefined)
    const { args, env } = buildCall(image, source)
    try {
      const answer = await client.run(args, { ...call, env, ...(limits.length > 0 && { signal: AbortSignal.any(limits) }) })
      if (answer.code !== 0) throw imageFailed(image.tag, `${failed}: ${lastWords(answer)}`, answer.tail)
    } catch (error) {
      call.signal?.throwIfAborted()
      throw limit?.aborted ? imageFailed(image.tag, `${failed} within its time-out of ${image.timeout} s`, []) : error
    }
  }

  return {
    describe: async (wanted) => {
      const { source: _, ...state } = await look(wanted)
      return state
    },
    async ensure(wanted, options) {
      const { reference, id, act, why, source } = await look(wanted)
      if (act === 'none') {
        if (id === null) throw imageFailed(reference, `The image ${reference} ${why}`, [], `docker pull ${reference}, or leave out pull.`)
      } else if (act === 'pull') {
        const platform = wanted.platform === undefined ? [] : [`--platform=${wanted.platform}`]
        const answer = await client.run(['pull', ...platform, '--', reference], told(`Pulling ${reference}`, options))
        if (answer.code !== 0) throw imageFailed(reference, `The image ${reference} cannot be pulled: ${lastWords(answer)}`, answer.tail)
      } else {
        await build(wanted.image as ImageDefinition, source!, told(`Building ${reference}`, options))
      }
    },
    async restore(reference, id) {
      const answer = await client.run(['image', 'tag', id, reference])
      if (answer.code !== 0) throw imageFailed(reference, `The image ${reference} cannot be ${shortId(id)} again: ${lastWords(answer)}`, answer.tail)
    },
    async containers(scope) {
      const { code, stdout, tail } = await client.run(['container', 'ls', '--all', '--quiet', '--no-trunc', `--filter=label=${ownerLabel}`])
      if (code !== 0) throw new TaskflowsError('service.action_failed', `Docker does not list containers: ${tail.at(-1) ?? 'it does not say why'}`)
      const ids = stdout.split('\n').filter(Boolean)
      if (ids.length === 0) return []
      // One that is gone by now makes it fail, and of the others it tells all the same.
      const inspected = await client.run(['container', 'inspect', `--format={{json .Name}}\t{{json (index .Config.Labels "${ownerLabel}")}}\t{{json .Image}}\t{{json .State.Running}}`, ...ids])
      return inspected.stdout.split('\n').filter(Boolean).flatMap((line) => readContainer(line, `${scope}/${scope === 'system' ? 0 : uid}/`))
    },
    async remove(names) {
      if (names.length === 0) return
      const answer = await client.run(['container', 'rm', '--force', '--volumes', '--', ...names])
      const reasons = answer.tail.filter((line) => /error/i.test(line) && !/no such container|removal of container .* is already in progress/i.test(line))
      if (answer.code !== 0 && reasons.length > 0) throw new TaskflowsError('service.action_failed', `Containers could not be removed: ${reasons.join('; ')}`, { details: { containers: names } })
    },
  }
}

/** @param ours what owners of ours begin with */
function readContainer(line: string, ours: string): ContainerState[] {
  const [name, owner, imageId, running] = line.split('\t').map((part) => JSON.parse(part) as unknown) as [string, string, string, boolean]
  if (!owner.startsWith(ours)) return []
  const [service, run] = owner.slice(ours.length).split('/') as [string, string?]
  return [{ name: name.replace(/^\//, ''), service, ...(run !== undefined && { run }), imageId, running }]
}

function judgeBuild(source: string, found: { readonly id: string; readonly labels: Readonly<Record<string, string>> } | undefined, pull: ImageWanted['pull'], state: (act: ImageState['act'], why: string) => ImageState): ImageState {
  if (!found) return state('build', 'is not there yet')
  const before = found.labels[sourceLabel]
  if (pull === 'always') return state('build', `is built at each apply; ${shortId(found.id)} is there`)
  if (before === source) return state('none', 'is there, and what it was built from is the same')
  return state('build', `${before === undefined ? 'was built by somebody else' : 'what it is built from changed'}; ${shortId(found.id)} is there`)
}

export function referenceOf(image: ImageWanted['image']): string {
  return typeof image === 'string' ? image : image.tag
}

/** As people see it: twelve digits of sixty-four. */
function shortId(id: string): string {
  return id.replace(/^sha256:/, '').slice(0, 12)
}

function imageFailed(image: string, message: string, tail: readonly string[], hint?: string): TaskflowsError {
  return new TaskflowsError('docker.image_failed', message, { details: { image, said: tail }, ...(hint !== undefined && { hint }) })
}

/** Why it failed is in what the client says last; builders repeat their own words before it. */
function lastWords({ tail }: DockerAnswer): string {
  return tail.slice(-3).join('; ') || 'Docker does not say why'
}
