/**
 * Profiles: what a kind of service never needs is taken away. `web` answers
 * requests, `batch` works on files and ends. Both leave what Node, Python and the
 * JVM need to run: memory that is written and then executed, the whole of /proc.
 *
 * The manager of an account can neither mount nor give up capabilities, so there a
 * profile holds what a process can give up by itself. systemd.exec(5), SANDBOXING.
 */
import type { ServiceDefinition, ServiceScope } from '../../../engines/services/service-definition.ts'
import { type UnitSection, verbatim } from './unit-text.ts'

const everywhere: UnitSection = {
  NoNewPrivileges: true,
  LockPersonality: true,
  RestrictNamespaces: true,
  RestrictRealtime: true,
  RestrictSUIDSGID: true,
  // Netlink tells a program the addresses of its own machine.
  RestrictAddressFamilies: verbatim('AF_UNIX AF_INET AF_INET6 AF_NETLINK'),
  SystemCallArchitectures: verbatim('native'),
  SystemCallFilter: verbatim('@system-service'),
  // Programs try a call and go on without it; killing them would not let them.
  SystemCallErrorNumber: verbatim('EPERM'),
  KeyringMode: verbatim('private'),
  UMask: verbatim('0027'),
}

const onMachine: UnitSection = {
  PrivateTmp: true,
  ProtectClock: true,
  ProtectControlGroups: true,
  ProtectHostname: true,
  ProtectKernelLogs: true,
  ProtectKernelModules: true,
  ProtectKernelTunables: true,
}

const profiles = {
  web: { CapabilityBoundingSet: verbatim('CAP_NET_BIND_SERVICE'), ProtectHome: verbatim('read-only'), ProtectProc: verbatim('invisible'), ProtectSystem: verbatim('full') },
  // As root it may still read, own and restore the files of others, as backups do.
  batch: {
    CapabilityBoundingSet: verbatim('CAP_CHOWN CAP_DAC_OVERRIDE CAP_DAC_READ_SEARCH CAP_FOWNER CAP_FSETID CAP_KILL CAP_SETGID CAP_SETUID'),
    ProtectSystem: verbatim('yes'),
  },
} as const satisfies Record<Exclude<ServiceDefinition['hardening'], 'none'>, UnitSection>

export function hardeningDirectives({ hardening, cgroupConfig }: ServiceDefinition, scope: ServiceScope): UnitSection {
  if (hardening === 'none') return {}
  if (scope === 'user') return everywhere
  // Devices that a service names must be there.
  return { ...everywhere, ...onMachine, ...(cgroupConfig?.devices === undefined && { PrivateDevices: true }), ...profiles[hardening] }
}
