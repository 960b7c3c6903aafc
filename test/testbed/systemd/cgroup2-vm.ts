/**
 * A whole Debian in QEMU, with systemd as PID 1 and pure cgroup v2: what most users run, and what a machine with v1
 * hierarchies cannot show. `cgroup2-vm.sh` makes the image (once, in the cache of the account) and boots it.
 */
import { execFile, spawn, spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { promisify } from 'node:util'

const script = join(import.meta.dirname, 'cgroup2-vm.sh')
const cache = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'taskflows-test/cgroup2-vm')

/** Why this machine cannot run one, if it cannot. */
export function missingForCgroup2Vm(): string | undefined {
  if (process.platform !== 'linux' || process.arch !== 'x64') return 'the image is of Debian amd64'
  if (process.getuid?.() !== 0) return 'making the image needs root'
  // Debian keeps them where the PATH of most accounts does not lead.
  const missing = ['apt-get', 'debootstrap', 'mkfs.ext4', 'qemu-system-x86_64'].filter((program) => spawnSync('sh', ['-c', `PATH=$PATH:/usr/sbin command -v ${program}`]).status !== 0)
  return missing.length === 0 ? undefined : `${missing.join(', ')}: not installed (apt-get install debootstrap e2fsprogs qemu-system-x86)`
}

export interface VmJob {
  /** Bash, run as an account with a user manager that lingers. */
  readonly script: string
  /** What it finds under /in: name -> file or directory of this machine. Links are followed at their top alone. */
  readonly files: Readonly<Record<string, string>>
  /** Default 600: it is several times slower than this machine, and shares it with other tests. */
  readonly timeoutSeconds?: number
}

/** Makes the image, unless there is one: `vmlinuz`, `initrd` and `base.img` in this directory. @returns also the environment in which the programs for it are found */
export async function buildCgroup2Vm(): Promise<{ readonly image: string; readonly env: NodeJS.ProcessEnv }> {
  mkdirSync(cache, { recursive: true })
  const env = { ...process.env, PATH: `${process.env['PATH']}:/usr/sbin:/sbin`, VM_DIR: cache }
  await promisify(execFile)('bash', [script, 'build'], { env, timeout: 400_000 })
  return { image: cache, env }
}

/** Boots, runs the script, and powers off. `code` 124: it was not over in time. */
export async function runInCgroup2Vm({ script: job, files, timeoutSeconds = 600 }: VmJob): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
  const env = { ...(await buildCgroup2Vm()).env, VM_TIMEOUT: String(timeoutSeconds) }
  const directory = mkdtempSync(join(tmpdir(), 'taskflows-vm-'))
  try {
    for (const [name, path] of Object.entries(files)) cpSync(path, join(directory, name), { recursive: true, verbatimSymlinks: true })
    writeFileSync(join(directory, 'job.sh'), job)
    const child = spawn('bash', [script, 'run', directory], { env, stdio: ['ignore', 'pipe', 'pipe'] })
    const ended = new Promise<number>((resolve, reject) => child.once('error', reject).once('close', (code) => resolve(code ?? 1)))
    const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), ended])
    return { code, stdout, stderr }
  } finally {
    rmSync(directory, { recursive: true })
  }
}
