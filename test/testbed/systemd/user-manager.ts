/**
 * A real systemd user manager with its session bus and its own journald, beside whatever runs on the machine:
 * namespaces of its own for mounts, processes and control groups. `user-manager.sh` starts it.
 */
import { type SpawnOptions, execFile, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
const script = join(import.meta.dirname, 'user-manager.sh')

export interface UserManager extends AsyncDisposable {
  /** The home directory inside; units go to `.config/systemd/user` below it. */
  readonly home: string
  /** Runs a program inside, with the bus and the journal. Rejects unless it ends with 0. */
  exec(program: string, ...args: readonly string[]): Promise<{ readonly stdout: string; readonly stderr: string }>
  /** Stops it and all that it runs, as a log-out does, and starts another one on the same bus address and journal. */
  restart(): Promise<void>
  /** The program and arguments that run another program inside, to spawn. */
  command(program: string, ...args: readonly string[]): readonly [string, ...string[]]
  /** For `command`, and for whatever is to find this manager. */
  readonly env: NonNullable<SpawnOptions['env']>
}

/** Why this machine cannot run one, if it cannot. */
export function missingForUserManager(): string | undefined {
  if (process.platform !== 'linux') return 'systemd needs Linux'
  if (process.getuid?.() !== 0) return 'a systemd of its own needs root'
  const missing = ['systemctl', 'journalctl', 'dbus-daemon', 'unshare', 'nsenter', 'setpriv'].filter((program) => spawnSync('sh', ['-c', `command -v ${program}`]).status !== 0)
  return missing.length === 0 ? undefined : `${missing.join(', ')}: not installed (apt-get install systemd dbus-daemon util-linux)`
}

export interface UserManagerOptions {
  /** `user`, the default: an account known only inside; `root`: the account of the tests. */
  readonly as?: 'user' | 'root'
  /** Processes have their numbers on this machine, for what runs beside it. */
  readonly hostPids?: boolean
  /** A network namespace of `ip netns` that everything inside lives in. Default that of the tests. */
  readonly namespace?: string
}

/** Managers of this process: their names are those of their control groups, too. */
let started = 0

export async function startUserManager({ as = 'user', hostPids = false, namespace }: UserManagerOptions = {}): Promise<UserManager> {
  // Short, since socket paths are limited to 107 bytes; and open, since the account inside must reach its home.
  const directory = mkdtempSync(join(tmpdir(), 'tf-sd-'))
  const name = `t${process.pid}-${(started += 1)}`
  const [shell, ...within] = namespace === undefined ? ['bash'] as const : ['nsenter', `--net=/run/netns/${namespace}`, 'bash'] as const
  const env = { ...process.env, TESTBED_DIR: directory }
  const stop = async (): Promise<void> => {
    await run(shell, [...within, script, 'down', '--name', name], { env }).catch(() => {})
    rmSync(directory, { recursive: true, force: true })
  }
  try {
    const { stdout } = await run(shell, [...within, script, 'up', '--name', name, '--as', as, ...(hostPids ? ['--host-pids'] : [])], { env, timeout: 40_000 })
    const home = /TESTBED_HOME=(\S+)/.exec(stdout)![1]!
    const command = (program: string, ...args: readonly string[]): readonly [string, ...string[]] => [shell, ...within, script, 'exec', '--name', name, '--', program, ...args]
    return {
      home, env, command,
      restart: async () => { await run(shell, [...within, script, 'restart', '--name', name], { env, timeout: 60_000 }) },
      exec: (program, ...args) => {
        const [first, ...rest] = command(program, ...args)
        return run(first, rest, { env, timeout: 60_000, maxBuffer: 64 << 20 })
      },
      [Symbol.asyncDispose]: stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}
