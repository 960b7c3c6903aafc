/**
 * A Docker daemon of its own beside whatever runs on the machine, with an image made of the machine's busybox: no
 * network and no registry is needed. Its data, its socket and its containers go with it.
 */
import { type ChildProcess, type SpawnOptions, execFile, spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { vi } from 'vitest'

const run = promisify(execFile)
// Debian keeps daemons where the PATH of most accounts does not lead.
const path = `${process.env['PATH']}:/usr/sbin:/sbin`

/** What the daemon has from its start: busybox, so `sh`, `sleep`, `wget`, ... */
export const shellImage = 'taskflows-test/shell:latest'

export interface DockerEngine extends AsyncDisposable {
  /** `unix:///...`, for DOCKER_HOST. */
  readonly host: string
  readonly env: NonNullable<SpawnOptions['env']>
  /** Runs the client. Rejects unless it ends with 0. */
  docker(...args: readonly string[]): Promise<string>
  /** `docker inspect` of a container; `undefined` when there is none. */
  inspect(container: string): Promise<Inspected | undefined>
  /** Names of the containers whose processes run. */
  running(): Promise<string[]>
  /** Ends the daemon by this signal, and waits until it is gone. */
  kill(signal: 'SIGKILL' | 'SIGTERM'): Promise<void>
  /** After `kill`: the same daemon, with its containers and images. */
  start(): Promise<void>
}

export interface Inspected {
  readonly Id: string
  readonly Image: string
  readonly State: { readonly Running: boolean; readonly Pid: number; readonly ExitCode: number; readonly OOMKilled: boolean; readonly StartedAt: string }
  readonly HostConfig: Readonly<Record<string, unknown>>
  readonly Config: { readonly Env: readonly string[]; readonly Labels: Readonly<Record<string, string>>; readonly [key: string]: unknown }
  readonly [key: string]: unknown
}

/** Why this machine cannot run one, if it cannot. */
export function missingForDocker(): string | undefined {
  if (process.platform !== 'linux') return 'containers need Linux'
  if (process.getuid?.() !== 0) return 'a Docker daemon needs root'
  const missing = ['dockerd', 'docker', 'busybox', 'ip', 'setpriv'].filter((program) => spawnSync('sh', ['-c', `command -v ${program}`], { env: { PATH: path } }).status !== 0)
  return missing.length === 0 ? undefined : `${missing.join(', ')}: not installed (apt-get install docker.io busybox-static iproute2)`
}

/** @param liveRestore containers outlive the daemon: dockerd(8) */
export async function startDockerEngine({ liveRestore = false }: { readonly liveRestore?: boolean } = {}): Promise<DockerEngine> {
  // Short, since socket paths are limited to 107 bytes.
  const directory = mkdtempSync(join(tmpdir(), 'tf-dk-'))
  const id = randomBytes(4).toString('hex')
  const bridge = `tfd${id}`
  const host = `unix://${join(directory, 'docker.sock')}`
  const env = { ...process.env, PATH: path, DOCKER_HOST: host }
  const docker: DockerEngine['docker'] = async (...args) => (await run('docker', [...args], { env, timeout: 60_000, maxBuffer: 64 << 20 })).stdout.trimEnd()
  let daemon: ChildProcess | undefined

  const start = async (): Promise<void> => {
    const log = openSync(join(directory, 'dockerd.log'), 'a')
    // It ends with the tests, however they end.
    daemon = spawn('setpriv', ['--pdeathsig', 'TERM', 'dockerd', '--host', host, ...daemonFlags(directory, bridge), ...(liveRestore ? ['--live-restore'] : [])], { env, detached: true, stdio: ['ignore', log, log] })
    closeSync(log)
    const spawned = daemon
    await vi.waitFor(async () => {
      if (spawned.exitCode !== null) throw new Error(`dockerd ended: ${readFileSync(join(directory, 'dockerd.log'), 'utf8').slice(-2000)}`)
      await docker('version')
    }, { timeout: 30_000, interval: 50 })
  }
  const kill: DockerEngine['kill'] = async (signal) => {
    if (!daemon || daemon.exitCode !== null || daemon.signalCode !== null) return
    const gone = once(daemon, 'exit')
    const containerd = readFileSync(join(directory, 'exec/containerd/containerd.pid'), 'utf8')
    daemon.kill(signal)
    await gone
    // The next daemon would take one that is dead and not yet buried for its own.
    await vi.waitUntil(() => !existsSync(`/proc/${containerd}`), { timeout: 15_000, interval: 50 })
  }
  const stop = async (): Promise<void> => {
    await docker('ps', '--quiet').then((ids) => ids && docker('kill', ...ids.split('\n'))).catch(() => {})
    await kill('SIGTERM')
    await run('ip', ['link', 'delete', bridge], { env }).catch(() => {})
    removeGroups(bridge)
    // A daemon that was killed leaves mounts behind.
    const mounts = readFileSync('/proc/mounts', 'utf8').split('\n').map((line) => line.split(' ')[1] ?? '').filter((mount) => mount.startsWith(`${directory}/`))
    for (const mount of mounts.toReversed()) spawnSync('umount', ['--lazy', mount])
    rmSync(directory, { recursive: true, force: true })
  }

  try {
    await run('ip', ['link', 'add', bridge, 'type', 'bridge'], { env })
    await run('ip', ['address', 'add', `10.${200 + parseInt(id.slice(0, 2), 16) % 50}.${parseInt(id.slice(2, 4), 16)}.1/24`, 'dev', bridge], { env })
    await run('ip', ['link', 'set', bridge, 'up'], { env })
    await start()
    await importShell(directory, docker)
  } catch (error) {
    await stop()
    throw error
  }
  return {
    host, env, docker, kill, start,
    inspect: async (container) => docker('container', 'inspect', container).then((text) => (JSON.parse(text) as Inspected[])[0], () => undefined),
    running: async () => (await docker('ps', '--format', '{{.Names}}')).split('\n').filter(Boolean),
    [Symbol.asyncDispose]: stop,
  }
}

/** The firewall of the machine is left alone; containers have no way out of it. */
function daemonFlags(directory: string, bridge: string): readonly string[] {
  return [
    '--data-root', join(directory, 'data'), '--exec-root', join(directory, 'exec'), '--pidfile', join(directory, 'dockerd.pid'),
    '--bridge', bridge, '--cgroup-parent', `/${bridge}`, '--iptables=false', '--ip-masq=false', '--ip-forward=false',
  ]
}

async function importShell(directory: string, docker: DockerEngine['docker']): Promise<void> {
  const root = join(directory, 'shell')
  for (const folder of ['bin', 'etc', 'tmp', 'root', 'proc', 'sys', 'dev']) mkdirSync(join(root, folder), { recursive: true })
  const { stdout: busybox } = await run('sh', ['-c', 'command -v busybox'], { env: { PATH: path } })
  await run('cp', [busybox.trim(), join(root, 'bin/busybox')])
  const { stdout: applets } = await run(join(root, 'bin/busybox'), ['--list'])
  for (const applet of applets.split('\n').filter((name) => name !== '' && name !== 'busybox')) symlinkSync('busybox', join(root, 'bin', applet))
  writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n')
  writeFileSync(join(root, 'etc/group'), 'root:x:0:\nnogroup:x:65534:\n')
  const archive = join(directory, 'shell.tar')
  await run('tar', ['-C', root, '-cf', archive, '.'])
  await docker('import', '--change', 'ENV PATH=/bin', '--change', 'CMD ["/bin/sh"]', archive, shellImage)
}

/** The groups that its containers had, on one hierarchy or on many. */
function removeGroups(name: string): void {
  spawnSync('sh', ['-c', `find /sys/fs/cgroup -maxdepth 2 -type d -name ${name} | while read -r group; do find "$group" -depth -type d -exec rmdir {} +; done`])
}
