/**
 * A real system with systemd as PID 1, logind and journald, in a container that sees the files of this machine and
 * keeps what it writes to itself. `system-manager.sh` starts it. For what an account alone can do `user-manager.ts` is lighter.
 */
import { type SpawnOptions, execFile, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
const script = join(import.meta.dirname, 'system-manager.sh')
const repository = join(import.meta.dirname, '../../..')

/** An account inside. */
export interface Inside {
  readonly home: string
  /** Runs a program. Rejects unless it ends with 0. */
  exec(program: string, ...args: readonly string[]): Promise<{ readonly stdout: string; readonly stderr: string }>
  /** The program and arguments that run another program inside, to spawn. */
  command(program: string, ...args: readonly string[]): readonly [string, ...string[]]
}

export interface SystemManager extends AsyncDisposable {
  readonly root: Inside
  /** An account that lingers: its own manager runs although nobody is logged in. */
  readonly account: Inside
  /** A directory that both sides see. */
  readonly shared: string
  /** For `command`. */
  readonly env: NonNullable<SpawnOptions['env']>
}

/** Why this machine cannot run one, if it cannot. */
export function missingForSystemManager(): string | undefined {
  if (process.platform !== 'linux') return 'systemd needs Linux'
  if (process.getuid?.() !== 0) return 'a container needs root'
  const missing = ['systemd-nspawn', 'nsenter', 'unshare', 'setpriv'].filter((program) => spawnSync('sh', ['-c', `command -v ${program}`]).status !== 0)
  return missing.length === 0 ? undefined : `${missing.join(', ')}: not installed (apt-get install systemd-container)`
}

export async function startSystemManager(): Promise<SystemManager> {
  const directory = mkdtempSync(join(tmpdir(), 'tf-ss-'))
  const name = `t${process.pid}`
  const env = { ...process.env, TESTBED_DIR: directory }
  const stop = async (): Promise<void> => {
    await run('bash', [script, 'down', '--name', name], { env }).catch(() => {})
    rmSync(directory, { recursive: true, force: true })
  }
  const inside = (home: string, flags: readonly string[]): Inside => {
    const command: Inside['command'] = (program, ...args) => ['bash', script, 'exec', '--name', name, ...flags, '--', program, ...args]
    return {
      home, command,
      exec: (program, ...args) => {
        const [first, ...rest] = command(program, ...args)
        return run(first, rest, { env, timeout: 60_000, maxBuffer: 64 << 20 })
      },
    }
  }
  try {
    // The view of the machine ends at its root's file system, and the checkout may be on another.
    await run('bash', [script, 'up', '--name', name, '--bind', repository], { env, timeout: 90_000 })
    return { root: inside('/root', ['--root']), account: inside('/home/testbed', []), shared: directory, env, [Symbol.asyncDispose]: stop }
  } catch (error) {
    await stop()
    throw error
  }
}
