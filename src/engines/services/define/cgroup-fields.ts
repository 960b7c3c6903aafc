/** The table of `CgroupConfig`: one model of limits for systemd (systemd.resource-control(5), systemd.exec(5)) and for Docker. */
import type { Field, Fields, Kind } from './field.ts'
import type { CgroupDefinition } from '../service-definition.ts'

const most = Number.MAX_SAFE_INTEGER
const bytes: Kind = { is: 'bytes', from: 0 }
const someBytes: Kind = { is: 'bytes', from: 1 }
const count: Kind = { is: 'integer', from: 1, to: most }
const weight: Kind = { is: 'integer', from: 1, to: 10_000 }
const device = { like: /^\/dev\/[A-Za-z0-9._/:@+-]{1,200}$/, expected: 'a device such as /dev/sda' }
const perDevice = (of: Kind): Kind => ({ is: 'map', key: device, of })
const capabilities: Kind = { is: 'list', most: 64, of: { is: 'word', like: /^(?:CAP_)?[A-Z][A-Z0-9_]{1,40}$/, upper: true, expected: 'a capability such as NET_RAW, or ALL' } }

/** An account or a group, by name or number (systemd.exec(5), `User=`). */
export const accountName: Kind = { is: 'word', like: /^(?:[A-Za-z_][A-Za-z0-9_-]{0,30}|\d{1,10})$/, scalar: true, expected: 'a name such as www-data, or a number' }

export const envName = { like: /^[A-Za-z_][A-Za-z0-9_]{0,254}$/, expected: 'a name of letters, digits and underscores' }
export const envValue: Kind = { is: 'special', type: 'env' }

export const cgroupFields = {
  cpuQuota: { kind: count, about: 'Microseconds of CPU time per period, over all CPUs: 200000 in a period of 100000 is two CPUs.' },
  cpuPeriod: { kind: count, otherwise: '100000', about: 'Microseconds that the quota is for.' },
  cpuShares: { kind: { is: 'integer', from: 2, to: 262_144 }, about: 'Weight when the CPUs are busy, as Docker counts: 1024 is normal. cpuWeight wins.' },
  cpuWeight: { kind: weight, about: 'Weight when the CPUs are busy, as systemd counts: 100 is normal.' },
  cpusetCpus: { kind: { is: 'word', like: /^\d{1,5}(?:-\d{1,5})?(?:,\d{1,5}(?:-\d{1,5})?)*$/, scalar: true, most: 1_000, expected: 'CPUs such as 0-3 or 0,2' }, about: 'The CPUs it may use.' },
  memoryLimit: { kind: someBytes, about: 'Memory; beyond it the kernel kills.' },
  memoryHigh: { kind: someBytes, about: 'Memory; beyond it the kernel slows it down and takes memory back.' },
  memoryReservation: { kind: someBytes, about: 'Memory it is expected to need: the soft limit of Docker.' },
  memoryLow: { kind: bytes, about: 'Memory that is not taken back while others can give some.' },
  memoryMin: { kind: bytes, about: 'Memory that is never taken back.' },
  memorySwapLimit: { kind: someBytes, about: 'Memory and swap together, as in Docker.' },
  memorySwapMax: { kind: bytes, about: 'Swap alone; 0 is none.' },
  memorySwappiness: { kind: { is: 'integer', from: 0, to: 100 }, about: 'How readily it is swapped out.' },
  ioWeight: { kind: weight, about: 'Weight when disks are busy, as systemd counts: 100 is normal.' },
  blkioWeight: { kind: { is: 'integer', from: 10, to: 1_000 }, about: 'Weight when disks are busy, as Docker counts. ioWeight wins.' },
  deviceReadBps: { kind: perDevice(someBytes), about: 'Bytes per second read from each device.' },
  deviceWriteBps: { kind: perDevice(someBytes), about: 'Bytes per second written to each device.' },
  deviceReadIops: { kind: perDevice(count), about: 'Reads per second from each device.' },
  deviceWriteIops: { kind: perDevice(count), about: 'Writes per second to each device.' },
  pidsLimit: { kind: count, about: 'Processes and threads.' },
  nofileLimit: { kind: count, about: 'Open files per process.' },
  oomScoreAdj: { kind: { is: 'integer', from: -1000, to: 1000 }, about: 'How soon the kernel kills it when memory is short: 1000 first, -1000 never.' },
  oomPolicy: { kind: { is: 'choice', words: ['continue', 'stop', 'kill'] }, about: 'What becomes of the service when the kernel killed one of its processes.' },
  managedOomSwap: { kind: { is: 'choice', words: ['auto', 'kill'] }, about: 'Whether systemd-oomd may end it when swap runs out.' },
  managedOomMemoryPressure: { kind: { is: 'choice', words: ['auto', 'kill'] }, about: 'Whether systemd-oomd may end it under memory pressure.' },
  managedOomMemoryPressureLimit: { kind: { is: 'percent' }, about: 'Memory pressure, in percent, from which systemd-oomd does.' },
  managedOomPreference: { kind: { is: 'choice', words: ['none', 'avoid', 'omit'] }, about: 'Whether systemd-oomd spares it.' },
  readOnlyRootfs: { kind: { is: 'boolean' }, about: 'The file system is read-only.' },
  capDrop: { kind: capabilities, about: 'Capabilities it loses; ALL for all. With or without CAP_.' },
  capAdd: { kind: capabilities, about: 'Capabilities it keeps although capDrop names them.' },
  devices: { kind: { is: 'list', most: 100, of: { is: 'word', like: /^\/dev\/[A-Za-z0-9._/@+-]{1,200}(?::[rwm]{1,3})?$/, expected: 'a device such as /dev/fuse, or /dev/fuse:rw' } }, about: 'Devices it may use, with r (read), w (write) and m (make).' },
  deviceCgroupRules: { kind: { is: 'list', most: 100, of: { is: 'word', like: /^[abc] (?:\d+|\*):(?:\d+|\*) [rwm]{1,3}$/, expected: 'a rule such as "c 42:* rmw"' } }, about: 'Rules for devices, as in Docker.' },
  timeoutStart: { kind: { is: 'duration' }, about: 'Longest start. startTimeout of the service says the same.' },
  timeoutStop: { kind: { is: 'duration' }, about: 'From the stop to SIGKILL. stopTimeout of the service says the same.' },
  environment: { kind: { is: 'map', key: envName, of: envValue }, about: 'Further variables; env of the service wins.' },
  user: { kind: accountName, about: 'The account it runs as; system scope only. user of the service wins.' },
  group: { kind: accountName, about: 'The group it runs as; system scope only. group of the service wins.' },
  workingDir: { kind: { is: 'special', type: 'path' }, about: 'Where it runs. workingDirectory of the service wins.' },
} as const satisfies Record<keyof CgroupDefinition, Field>

export const cgroupTable: Fields = cgroupFields
