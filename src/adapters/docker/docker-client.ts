/**
 * The `docker` program, asked as a child process. Units run the same program, so that there is one way to the daemon: contexts,
 * credentials and DOCKER_HOST hold for both. `docker-unavailable.ts` says why it cannot be reached.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { dockerUnavailable, isUnavailable } from './docker-unavailable.ts'

export interface DockerClientOptions {
  /** Of this process: PATH, HOME and DOCKER_HOST lead to the program, its configuration and the daemon. */
  readonly environment: Readonly<Record<string, string | undefined>>
  /** How long the daemon may take to answer a question. */
  readonly timeoutMs: number
}

export interface DockerAnswer {
  readonly code: number
  readonly stdout: string
  /** The last lines of all that it said, in the order in which they came. */
  readonly tail: readonly string[]
}

export interface DockerCall {
  /** Values that must not be in the arguments, which everybody on the machine can read. */
  readonly env?: Readonly<Record<string, string>>
  /** Work may take as long as it does; a question is answered in time, or Docker does not answer. */
  readonly isWork?: boolean
  readonly signal?: AbortSignal
  readonly onLine?: (line: string) => void
}

export interface DockerClient {
  /** Resolves whatever it ends with. @throws `docker.unavailable`; what `signal` was aborted with */
  run(args: readonly string[], call?: DockerCall): Promise<DockerAnswer>
}

const tailLines = 20

export function createDockerClient({ environment, timeoutMs }: DockerClientOptions): DockerClient {
  return {
    async run(args, { env = {}, isWork = false, signal, onLine = () => {} } = {}) {
      signal?.throwIfAborted()
      const patience = isWork ? undefined : AbortSignal.timeout(timeoutMs)
      const limits = [signal, patience].filter((limit) => limit !== undefined)
      const child = spawn('docker', args, {
        env: { ...environment, ...env }, stdio: ['ignore', 'pipe', 'pipe'],
        // It keeps nothing that a gentler end would save.
        killSignal: 'SIGKILL', ...(limits.length > 0 && { signal: AbortSignal.any(limits) }),
      })
      const stdout: string[] = []
      const tail: string[] = []
      const hear = (line: string): void => {
        if (line.trim() === '') return
        if (tail.push(line) > tailLines) tail.shift()
        onLine(line)
      }
      createInterface({ input: child.stdout }).on('line', (line) => {
        stdout.push(line)
        hear(line)
      })
      createInterface({ input: child.stderr }).on('line', hear)
      try {
        const [code] = await once(child, 'close') as [number | null]
        if (code !== 0 && isUnavailable(tail)) throw dockerUnavailable({ environment, said: tail })
        return { code: code ?? 1, stdout: stdout.join('\n'), tail }
      } catch (error) {
        signal?.throwIfAborted()
        if (patience?.aborted) throw dockerUnavailable({ environment, said: [`no answer within ${timeoutMs / 1000} s`] })
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw dockerUnavailable({ environment, said: null })
        throw error
      }
    },
  }
}
