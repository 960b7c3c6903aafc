/**
 * What a container is, as flags of `docker run` and `docker create` (docker-run(1)). Each is one word, `--flag=value`, so that no
 * value can pass for a flag. Limits are in `container-limits.ts`, variables in `container-variables.ts`. Pure.
 */
import type { ContainerDefinition, PortDefinition } from '../../../engines/services/service-definition.ts'

type Value = string | number | boolean | undefined

export function flag(name: string, value: Value): readonly string[] {
  return value === undefined ? [] : [`--${name}=${value}`]
}

export function flags(name: string, values: readonly Value[] = []): readonly string[] {
  return values.flatMap((value) => flag(name, value))
}

/** `--label=a=b`. In the order of the names, so that the text does not depend on how they were written. */
export function pairs(name: string, map: Readonly<Record<string, string | number>> = {}, between = '='): readonly string[] {
  return Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, value]) => `--${name}=${key}${between}${value}`)
}

export function containerFlags(container: ContainerDefinition): readonly string[] {
  return [
    ...flag('pull', typeof container.image === 'string' ? (container.pull === 'missing' ? undefined : container.pull) : 'never'),
    ...flags('publish', container.ports?.map(published)), ...flag('publish-all', container.publishAllPorts),
    ...flags('volume', container.volumes?.map(({ hostPath, containerPath, readOnly }) => `${hostPath}:${containerPath}:${readOnly ? 'ro' : 'rw'}`)),
    ...flags('volumes-from', container.volumesFrom), ...flag('volume-driver', container.volumeDriver),
    ...Object.entries(container.tmpfs ?? {}).map(([path, options]) => `--tmpfs=${path}${options === '' ? '' : `:${options}`}`),
    ...flag('network', container.networkMode), ...flag('hostname', container.hostname), ...flag('domainname', container.domainname),
    ...flags('dns', container.dns), ...flags('dns-option', container.dnsOpt), ...flags('dns-search', container.dnsSearch),
    ...pairs('add-host', container.extraHosts, ':'), ...flag('mac-address', container.macAddress),
    ...flag('pid', container.pidMode), ...flag('ipc', container.ipcMode), ...flag('uts', container.utsMode), ...flag('userns', container.usernsMode),
    ...flag('init', container.init), ...flag('tty', container.tty), ...flag('shm-size', container.shmSize), ...flag('privileged', container.privileged),
    ...flags('ulimit', container.ulimits?.map(({ name, soft, hard }) => `${name}=${soft}:${hard}`)),
    ...flags('group-add', container.groupAdd), ...flags('security-opt', container.securityOpt), ...pairs('sysctl', container.sysctls), ...pairs('storage-opt', container.storageOpt),
    ...flags('gpus', container.deviceRequests), ...flag('runtime', container.runtime), ...flag('platform', container.platform),
    ...pairs('label', container.labels), ...flag('entrypoint', container.entrypoint?.[0]),
  ]
}

function published({ container, protocol, host, ip }: PortDefinition): string {
  const at = ip === undefined ? '' : `${ip.includes(':') ? `[${ip}]` : ip}:`
  return `${at}${host === undefined ? (ip === undefined ? '' : ':') : `${host}:`}${container}/${protocol}`
}
