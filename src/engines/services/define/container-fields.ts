/**
 * The table of `DockerContainer` and of what belongs to it: images, volumes, limits of processes. The names are those of
 * `docker run` (docker-run(1)) and of its client for Python; what no service can have is refused by name, with the way out.
 * `settle-container.ts` has what a container says of its service. Safe for the browser.
 */
import { accountName, cgroupTable, envName, envValue } from './cgroup-fields.ts'
import type { Field, Kind, ObjectKind } from './field.ts'
import type { ContainerDefinition, ImageDefinition, UlimitDefinition, VolumeDefinition } from '../service-definition.ts'

const yesNo: Kind = { is: 'boolean' }
const containerName: Kind = { is: 'word', like: /^[A-Za-z0-9][A-Za-z0-9_.-]{1,199}$/, expected: 'letters, digits, dots, dashes and underscores, a letter or digit first' }
/** distribution/reference: [HOST[:PORT]/]PATH[:TAG][@DIGEST]. */
const reference: Kind = {
  is: 'word', most: 400, expected: 'an image such as python:3.13 or registry.example.com:5000/team/app@sha256:...',
  like: /^(?:(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*|\[[0-9A-Fa-f:]+\])(?::\d{1,5})?\/)?[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*)*(?::\w[\w.-]{0,127})?(?:@[A-Za-z][A-Za-z0-9]*:[0-9A-Fa-f]{32,128})?$/,
}
const mode = (words: string, expected: string): Kind => ({ is: 'word', like: new RegExp(`^(?:${words}|container:[A-Za-z0-9][A-Za-z0-9_.-]{0,199})$`), expected })
const network: Kind = { is: 'word', like: /^(?:container:)?[A-Za-z0-9][A-Za-z0-9_.-]{0,199}$/, expected: 'bridge, host, none, container:NAME or the name of a network' }
const driver: Kind = { is: 'word', like: /^[A-Za-z0-9][A-Za-z0-9_.:/-]{0,199}$/, expected: 'the name of a driver' }
const host: Kind = { is: 'word', like: /^[A-Za-z0-9][A-Za-z0-9_.-]{0,252}$/, expected: 'the name of a host' }
const hostKey = { like: /^[A-Za-z0-9][A-Za-z0-9_.-]{0,252}$/, expected: 'the name of a host' }
const address: Kind = { is: 'word', like: /^(?:[0-9.]{7,15}|[0-9A-Fa-f:.]{2,45})$/, expected: 'an IP address' }
const inContainer = { like: /^\/(?!(?:.*\/)?\.\.(?:\/|$))[^:,]{0,4000}$/, expected: 'an absolute path in the container, without `..`, colons and commas' }
const pathInContainer: Kind = { is: 'word', ...inContainer, most: 4_000 }
const optionKey = { like: /^[A-Za-z][A-Za-z0-9._-]{0,200}$/, expected: 'the name of an option' }
const labelKey = { like: /^(?!taskflows\.)[A-Za-z0-9][A-Za-z0-9._/-]{0,200}$/, expected: 'the name of a label, not one of taskflows.*' }
const anyText: Kind = { is: 'word', like: /^/, scalar: true, most: 10_000, expected: 'text' }
const options: Kind = { is: 'map', key: optionKey, of: anyText }
const labels: Kind = { is: 'map', key: labelKey, of: anyText }
const extraHosts: Kind = { is: 'map', key: hostKey, of: { is: 'word', like: /^(?:host-gateway|[0-9.]{7,15}|[0-9A-Fa-f:.]{2,45})$/, expected: 'an IP address, or host-gateway' } }
const platform: Kind = { is: 'word', like: /^[a-z0-9]+(?:\/[a-z0-9_]+){0,2}$/, expected: 'a platform such as linux/arm64' }
const list = (of: Kind): Kind => ({ is: 'list', of, most: 100 })

export const volumeFields = {
  hostPath: { kind: { is: 'special', type: 'volumeSource' }, required: true, about: 'The directory or file of the host, or the name of a volume of Docker.' },
  containerPath: { kind: pathInContainer, required: true, about: 'Where it is in the container.' },
  readOnly: { kind: yesNo, default: false, about: 'The container may not write to it.' },
} as const satisfies Record<keyof VolumeDefinition, Field>

export const volume: ObjectKind = { is: 'object', type: 'Volume', fields: volumeFields, text: 'HOST_PATH:CONTAINER_PATH[:ro]' }

const most: Kind = { is: 'integer', from: -1, to: Number.MAX_SAFE_INTEGER }

export const ulimitFields = {
  name: { kind: { is: 'choice', words: ['core', 'cpu', 'data', 'fsize', 'locks', 'memlock', 'msgqueue', 'nice', 'nofile', 'nproc', 'rss', 'rtprio', 'rttime', 'sigpending', 'stack'] }, required: true, about: 'What is limited.' },
  soft: { kind: most, otherwise: 'hard', about: 'What a process has, and may raise up to hard; -1 is no limit.' },
  hard: { kind: most, otherwise: 'soft', about: 'What it may have at most.' },
} as const satisfies Record<keyof UlimitDefinition, Field>

export const ulimit: ObjectKind = { is: 'object', type: 'Ulimit', fields: ulimitFields, text: 'NAME=SOFT[:HARD]' }

const ofPythonClient = 'is a setting of the client for Python, which nothing here uses'
const onWindows = 'is for Windows'

export const imageFields = {
  tag: { kind: reference, required: true, about: 'What the built image is called.' },
  path: { kind: { is: 'special', type: 'directory' }, required: true, about: 'The directory that is sent to Docker. Relative to the directory of the definition.' },
  dockerfile: { kind: { is: 'word', like: /^(?![-/])(?!(?:.*\/)?\.\.(?:\/|$)).+$/, most: 1_000, expected: 'a path below `path`, without `..`' }, default: 'Dockerfile', about: 'The Dockerfile, relative to path.' },
  buildArgs: { kind: { is: 'map', key: envName, of: envValue }, aliases: ['buildargs'], about: 'Arguments of the build (ARG).' },
  labels: { kind: labels, about: 'Labels of the image.' },
  target: { kind: { is: 'word', like: /^[A-Za-z0-9][A-Za-z0-9_.-]{0,199}$/, expected: 'the name of a stage' }, about: 'The stage to build.' },
  cacheFrom: { kind: list(reference), about: 'Images whose layers may be used again.' },
  networkMode: { kind: network, about: 'The network of the build.' },
  extraHosts: { kind: extraHosts, about: 'Names of hosts during the build, with their addresses.' },
  platform: { kind: platform, about: 'The platform to build for.' },
  noCache: { kind: yesNo, aliases: ['nocache'], about: 'Uses no layers of builds before.' },
  pull: { kind: yesNo, about: 'Asks for newer versions of the images it is built from.' },
  shmSize: { kind: { is: 'bytes', from: 1 }, aliases: ['shmsize'], about: 'Shared memory during the build.' },
  timeout: { kind: { is: 'duration' }, about: 'Longest build.' },
} as const satisfies Record<keyof ImageDefinition, Field>

const refusedOfImage: Readonly<Record<string, string>> = {
  quiet: 'has no use: what the build says is shown while it goes on', rm: 'has no use: what a build leaves is always removed', forcerm: 'has no use: what a build leaves is always removed',
  encoding: ofPythonClient, customContext: ofPythonClient, fileobj: 'cannot be sent: name a directory in path',
  containerLimits: 'is taken by the builder of old only; limit the daemon, or build elsewhere', squash: 'is an experiment of Docker that was given up; use a Dockerfile with stages',
  isolation: onWindows, useConfigProxy: 'is always so: docker reads the proxies of its config.json',
}

export const image: ObjectKind = { is: 'object', type: 'DockerImage', fields: imageFields, refused: refusedOfImage }

export const containerFields = {
  image: { kind: { is: 'either', text: reference, object: image }, required: true, about: 'What it is made of: a reference such as python:3.13, or a DockerImage to build.' },
  name: { kind: containerName, otherwise: 'taskflows-NAME', about: 'What it is called.' },
  persisted: { kind: yesNo, default: false, about: 'Kept between runs with what it wrote, and made anew only when its definition changes. Else made anew for each run.' },
  pull: { kind: { is: 'choice', words: ['missing', 'always', 'never'] }, default: 'missing', about: 'Whether its image is asked for again. One that is built never is.' },
  ports: { kind: { is: 'special', type: 'ports' }, about: 'Ports of the container, and where they are on the host.' },
  publishAllPorts: { kind: yesNo, about: 'Every port that the image names is at one of the host that Docker chooses.' },
  volumes: { kind: list(volume), about: 'What it sees of the host.' },
  volumesFrom: { kind: list({ is: 'word', like: /^[A-Za-z0-9][A-Za-z0-9_.-]{0,199}(?::r[ow])?$/, expected: 'a container, or NAME:ro' }), about: 'Containers whose volumes it has too.' },
  volumeDriver: { kind: driver, about: 'The driver of its named volumes.' },
  tmpfs: { kind: { is: 'map', key: inContainer, of: { is: 'word', like: /^[A-Za-z0-9=,._%-]*$/, most: 500, expected: 'options such as size=64m,mode=1777' } }, about: 'Directories in memory, with their options, which may be empty.' },
  env: { kind: { is: 'map', key: envName, of: envValue }, aliases: ['environment'], about: 'Variables, besides env of the service. Those that look like secrets are kept out of the unit.' },
  envFile: { kind: { is: 'special', type: 'envFile' }, about: 'A file of NAME=value lines, which Docker reads: quotes count as part of a value.' },
  networkMode: { kind: network, aliases: ['network'], about: 'bridge, host, none, container:NAME or the name of a network.' },
  cgroupConfig: { kind: { is: 'object', type: 'CgroupConfig', fields: cgroupTable }, aliases: ['cgroup'], about: 'Limits. Those of the service count where this says nothing.' },
  logDriver: { kind: driver, otherwise: 'none', about: 'A log besides the journal, which has all that it writes anyway.' },
  logOptions: { kind: options, about: 'Options of that driver.' },
  entrypoint: { kind: { is: 'special', type: 'words' }, about: 'In place of the one of the image; the command follows it.' },
  user: { kind: { is: 'word', like: /^[A-Za-z0-9_][\w.-]{0,100}(?::[A-Za-z0-9_][\w.-]{0,100})?$/, scalar: true, expected: 'an account of the image, such as node, 1000 or 1000:1000' }, otherwise: 'that of the image', about: 'Who runs it in the container.' },
  workingDir: { kind: pathInContainer, otherwise: 'that of the image', about: 'Where it runs in the container.' },
  init: { kind: yesNo, about: 'A small init is its first process, passes signals on and collects what has ended.' },
  tty: { kind: yesNo, about: 'It writes to a terminal.' },
  shmSize: { kind: { is: 'bytes', from: 1 }, otherwise: '64M, by Docker', about: 'Size of /dev/shm.' },
  ulimits: { kind: list(ulimit), about: 'Limits of its processes.' },
  hostname: { kind: host, about: 'What it calls itself.' },
  domainname: { kind: host, about: 'The domain that it is in.' },
  dns: { kind: list(address), about: 'Servers that it asks for names.' },
  dnsOpt: { kind: list({ is: 'word', like: /^[a-z][a-z0-9:-]{0,50}$/, expected: 'an option of resolv.conf(5) such as ndots:2' }), about: 'Options of resolv.conf(5).' },
  dnsSearch: { kind: list({ is: 'word', like: /^(?:\.|[A-Za-z0-9][A-Za-z0-9_.-]{0,252})$/, expected: 'a domain, or a dot for none' }), about: 'Domains in which it looks for names.' },
  extraHosts: { kind: extraHosts, about: 'Names of hosts, with their addresses.' },
  macAddress: { kind: { is: 'word', like: /^[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){5}$/, expected: 'an address such as 92:d0:c6:0a:29:33' }, about: 'Address of its network card.' },
  pidMode: { kind: mode('host', 'host or container:NAME'), about: 'Whose processes it sees.' },
  ipcMode: { kind: mode('none|private|shareable|host', 'none, private, shareable, host or container:NAME'), about: 'Whose shared memory it has.' },
  utsMode: { kind: { is: 'choice', words: ['host'] }, about: 'Whose host name it has.' },
  usernsMode: { kind: { is: 'choice', words: ['host'] }, about: 'Whose user ids it has, where the daemon gives it others.' },
  privileged: { kind: yesNo, about: 'It may do on the host whatever root may.' },
  groupAdd: { kind: list(accountName), about: 'Further groups of its account.' },
  labels: { kind: labels, about: 'Labels of the container. taskflows.* are set by tf.' },
  securityOpt: { kind: list({ is: 'word', like: /^[a-z][a-z-]{0,50}(?:[=:].{1,1000})?$/, expected: 'an option such as no-new-privileges or seccomp=/etc/app.json' }), about: 'Options of seccomp, AppArmor and SELinux.' },
  sysctls: { kind: { is: 'map', key: { like: /^[a-z][A-Za-z0-9_./-]{0,200}$/, expected: 'the name of a sysctl' }, of: anyText }, about: 'Settings of the kernel for it.' },
  storageOpt: { kind: options, about: 'Options of the storage driver.' },
  deviceRequests: { kind: list({ is: 'word', like: /^(?:all|\d{1,3}|"?[a-z]+=[A-Za-z0-9=,."_:-]{1,400})$/, expected: 'a request such as all, 2 or device=0' }), aliases: ['gpus'], about: 'GPUs that it may use.' },
  runtime: { kind: driver, about: 'The runtime, when it is not the usual one.' },
  platform: { kind: platform, about: 'The platform of the image, where it has several.' },
} as const satisfies Record<Exclude<keyof ContainerDefinition, 'kind'>, Field>

const refusedOfContainer: Readonly<Record<string, string>> = {
  command: 'is the startCommand of a service', restartPolicy: 'is that of a service',
  autoRemove: 'has no use: a container is removed after each run unless it is persisted', remove: 'has no use: a container is removed after each run unless it is persisted',
  detach: 'cannot be: systemd supervises the container, so it runs in the foreground', stream: ofPythonClient, version: ofPythonClient, stdinOpen: 'has no use: a service has nobody who types',
  links: 'was given up by Docker; give both containers the same networkMode, and use their names', lxcConf: 'was given up by Docker in 1.10', initPath: 'was given up by Docker; use init',
  kernelMemory: 'was given up by the kernel; use memoryLimit of cgroupConfig', oomKillDisable: 'does not exist in cgroup v2; use oomScoreAdj of cgroupConfig',
  isolation: onWindows, cpuCount: `${onWindows}; use cpuQuota of cgroupConfig`, cpuPercent: `${onWindows}; use cpuQuota of cgroupConfig`,
  nanoCpus: 'is cpuQuota of cgroupConfig: 1e9 of these are a quota of 100000', cpus: 'is cpuQuota of cgroupConfig: one CPU is 100000', cpusetMems: 'cannot be chosen; memory comes from the nodes of cpusetCpus',
  cpuRtPeriod: 'does not exist in cgroup v2; use cpuQuota of cgroupConfig', cpuRtRuntime: 'does not exist in cgroup v2; use cpuQuota of cgroupConfig', blkioWeightDevice: 'does not exist here; use ioWeight, or limits by device, of cgroupConfig',
  memLimit: 'is memoryLimit of cgroupConfig', memReservation: 'is memoryReservation of cgroupConfig', memSwappiness: 'is memorySwappiness of cgroupConfig', memswapLimit: 'is memorySwapLimit of cgroupConfig', readOnly: 'is readOnlyRootfs of cgroupConfig',
  healthcheck: 'has no use: systemd does not ask Docker; use healthCheck of the service', stopSignal: 'is killSignal of the service', mounts: 'is said by volumes and tmpfs', networkDisabled: "is networkMode: 'none'",
  useConfigProxy: 'is always so: docker reads the proxies of its config.json',
  ...Object.fromEntries(Object.keys(cgroupTable).filter((name) => !(name in containerFields || name === 'environment')).map((name) => [name, `is ${name} of cgroupConfig`])),
}

export const container: ObjectKind = { is: 'object', type: 'DockerContainer', fields: containerFields, refused: refusedOfContainer }
