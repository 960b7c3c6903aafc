/** Devices that a service may use, and how fast. */
import type { CgroupDefinition } from '../../../engines/services/service-definition.ts'
import type { Compilation } from './compile-host.ts'
import { type UnitSection, type UnitText, quoted, verbatim } from './unit-text.ts'

export function deviceDirectives(cgroup: CgroupDefinition, warn: Compilation['warn']): UnitSection {
  return {
    IOReadBandwidthMax: rates(cgroup.deviceReadBps),
    IOWriteBandwidthMax: rates(cgroup.deviceWriteBps),
    IOReadIOPSMax: rates(cgroup.deviceReadIops),
    IOWriteIOPSMax: rates(cgroup.deviceWriteIops),
    DeviceAllow: [...(cgroup.devices ?? []).map(device), ...(cgroup.deviceCgroupRules ?? []).flatMap((rule) => deviceRule(rule, warn))],
  }
}

function rates(byDevice: Readonly<Record<string, number>> = {}): readonly UnitText[] {
  return Object.entries(byDevice).sort(([a], [b]) => (a < b ? -1 : 1)).map(([path, rate]) => verbatim(`${quoted(path)} ${Math.floor(rate)}`))
}

/** `/dev/fuse`, `/dev/fuse:rw`, or as Docker writes it, `/dev/fuse:/dev/fuse:rw`: a service sees the device where it is. */
function device(given: string): UnitText {
  const [path = '', ...rest] = given.split(':')
  const access = rest.at(-1) ?? ''
  return verbatim(`${quoted(path)} ${/^[rwm]+$/.test(access) ? access : 'rwm'}`)
}

/** `c 42:7 rmw`, as in the documentation of cgroups; systemd cannot name all minors of a number. */
function deviceRule(rule: string, warn: Compilation['warn']): readonly UnitText[] {
  const [, type, number, access] = /^([bc]) (\d+:\d+) ([rwm]+)$/.exec(rule) ?? []
  if (type === undefined) {
    warn(`cgroupConfig.deviceCgroupRules: ${JSON.stringify(rule)} is not enforced: systemd takes one device by its numbers, such as "c 42:7 rwm"`)
    return []
  }
  return [verbatim(`/dev/${type === 'b' ? 'block' : 'char'}/${number} ${access}`)]
}
