/** Looks at Docker, which services in containers need and no others: its client, its daemon, what it may limit, and who may use it. */
import { createDockerClient } from '../adapters/docker/docker-client.ts'
import { childEnvironment } from '../config.ts'
import { TaskflowsError } from '../kernel/errors.ts'
import { type Finding, fail, ok, skipped, warn } from './finding.ts'

/** Of `docker info`, what matters here. */
export interface DockerInfo {
  readonly ServerVersion?: string
  /** What an old daemon leaves out is version 1. */
  readonly CgroupVersion?: string
  readonly CgroupDriver?: string
  readonly SecurityOptions?: readonly string[] | null
  readonly Warnings?: readonly string[] | null
}

/** Programs that have more to do than to tell what they know are not waited for. */
const patienceMs = 3000

/** @param needed services of this host run in containers */
export async function checkDocker(needed: boolean, uid = process.getuid?.() ?? 0, environment = childEnvironment()): Promise<readonly Finding[]> {
  try {
    const { code, stdout, tail } = await createDockerClient({ environment, timeoutMs: patienceMs }).run(['info', '--format={{json .}}'])
    const info = code === 0 ? JSON.parse(stdout) as DockerInfo : {}
    return info.ServerVersion ? judgeDocker(info, uid) : [fail('docker', tail.at(-1) ?? 'docker info fails', 'docker info says more.')]
  } catch (error) {
    if (!(error instanceof TaskflowsError)) throw error
    const { message, hint = '' } = error
    return [needed ? fail('docker', message, hint) : { ...skipped('docker', `${message}: only services in containers need it`), mend: hint }]
  }
}

export function judgeDocker({ ServerVersion, CgroupVersion = '1', CgroupDriver, SecurityOptions, Warnings }: DockerInfo, uid: number): readonly Finding[] {
  const isRootless = SecurityOptions?.some((option) => option.startsWith('name=rootless')) ?? false
  const limits = (Warnings ?? []).filter((line) => /No .*(?:limit|cfs|shares|cpuset|swap)/i.test(line)).map((line) => line.replace(/^WARNING: /, ''))
  return [
    ok('docker', `${ServerVersion}${isRootless ? ', rootless' : ''}, groups of version ${CgroupVersion} by ${CgroupDriver}`),
    ...(CgroupDriver === 'cgroupfs' && !isRootless
      ? [warn('docker groups', 'Docker makes them beside systemd (cgroupfs): containers are not in the slice of their service', 'As root: "exec-opts": ["native.cgroupdriver=systemd"] in /etc/docker/daemon.json, then systemctl restart docker.')]
      : []),
    ...(limits.length > 0 ? [warn('docker limits', limits.join('; '), 'The kernel or its command line leaves them out: limits of containers do not hold there.')] : []),
    ...(isRootless ? [] : [uid === 0
      ? ok('docker access', 'by root')
      : warn('docker access', 'this account may use the daemon of the machine, and whoever may is root here', 'docs/guides/security.md; rootless Docker gives the same without: https://docs.docker.com/engine/security/rootless/')]),
  ]
}
