/** A systemd of its own with the packed and installed package inside, and programs that are timed there. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { installPacked, pack } from '../../test/testbed/packed.ts'
import { missingForUserManager, startUserManager } from '../../test/testbed/systemd/user-manager.ts'

export interface Outcome {
  readonly ms: number
  /** Until the first of its output. */
  readonly firstMs: number | null
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface Host {
  /** Where definitions are; the package can be imported from here. */
  readonly project: string
  /** TASKFLOWS_HOME. */
  readonly home: string
  /** Where the manager looks for units. */
  readonly units: string
  /** Runs a program inside and times it. @param expected its exit code */
  run(argv: readonly string[], expected?: number): Promise<Outcome>
  /** Of the package, as arguments for `run`. */
  tf(...args: readonly string[]): readonly string[]
  /** Starts a program inside that runs until the manager is gone. */
  start(argv: readonly string[]): ChildProcess
}

export async function openHost(stack: AsyncDisposableStack, onProgress: (text: string) => void): Promise<Host> {
  const missing = missingForUserManager()
  if (missing !== undefined) throw new Error(`no systemd to measure: ${missing}`)
  const manager = stack.use(await startUserManager({ as: 'root' }))
  const project = join(manager.home, 'project')
  mkdirSync(project)
  onProgress('packing and installing')
  writeFileSync(join(project, 'package.json'), '{ "private": true }')
  installPacked(pack(project), project, ['--omit=optional'])
  const home = join(manager.home, 'taskflows')
  const program = realpathSync(join(project, 'node_modules/.bin/tf'))
  const env = { ...manager.env, TASKFLOWS_HOME: home, NODE_ENV: 'production' }
  const start = (argv: readonly string[], stdin: 'ignore' | 'pipe' = 'ignore') => {
    const [first, ...rest] = manager.command(...(argv as [string, ...string[]]))
    return spawn(first, rest, { env, stdio: [stdin, 'pipe', 'pipe'] })
  }
  const inside = start([process.execPath, join(import.meta.dirname, 'inside.mjs')], 'pipe')
  stack.defer(() => void inside.stdin!.end())
  const answers = createInterface({ input: inside.stdout! })
  return {
    project, home, units: join(manager.home, '.config/systemd/user'), start,
    tf: (...args) => [process.execPath, program, ...args],
    run: async (argv, expected = 0) => {
      const answer = once(answers, 'line')
      inside.stdin!.write(`${JSON.stringify(argv)}\n`)
      const outcome = JSON.parse((await answer)[0] as string) as Outcome
      if (outcome.status !== expected) throw new Error(`${argv.slice(0, 6).join(' ')} ended with ${outcome.status}:\n${outcome.stderr}${outcome.stdout}`.slice(0, 4_000))
      return outcome
    },
  }
}

/** A module of so many services. @param options more of each, as code that may use `at` */
export function defineServices({ project }: Host, name: string, count: number, options: string, startCommand: readonly string[] = ['/bin/sleep', '1000']): string {
  const file = join(project, `${name}.mjs`)
  writeFileSync(file, `import { Calendar, Service, ServiceRegistry } from 'taskflows'
export const services = new ServiceRegistry(...Array.from({ length: ${count} }, (_, at) => new Service({ name: \`${name}-\${at}\`, startCommand: ${JSON.stringify(startCommand)}, ${options}})))
`)
  return file
}

/** VmRSS of a process of that host, in MB. */
export async function memoryOf(host: Host, pid: number): Promise<number> {
  const { stdout } = await host.run(['cat', `/proc/${pid}/status`])
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(stdout)![1]) * 1024 / 1e6
}

/** What the server of that host wrote of itself. */
export function serverOf(host: Host): { readonly pid: number } {
  return JSON.parse(readFileSync(join(host.home, 'run/server.json'), 'utf8')) as { readonly pid: number }
}
