/**
 * Hostile values in every field of a container: each is refused, or Docker's client gets the flags that it gets with a harmless
 * value, one of them with the value as it was given, and the unit has the same lines. `compile-fuzz.test.ts` has the other fields.
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { containerFields, imageFields } from '../../../engines/services/define/container-fields.ts'
import { looksSecret } from '../../../engines/services/define/secret-env.ts'
import { readDefinition } from '../../../engines/services/define/read-definition.ts'
import { TaskflowsError } from '../../../kernel/errors.ts'
import { compileHost } from '../../../../test/testbed/compile-host.ts'
import { readExec, readUnit } from '../../../../test/testbed/read-unit.ts'
import { compileService } from './compile-service.ts'

const values = Number(process.env['TASKFLOWS_FUZZ_VALUES'] ?? 20_000)

interface Field {
  /** Of the same kind, and harmless. */
  readonly plain: string
  readonly put: (value: string) => object
  /** The word that Docker's client gets; absent where it is no flag, or not as given. */
  readonly word?: (value: string) => string
}

const flag = (name: string, field: string, plain: string): Field => ({ plain, put: (value) => ({ [field]: value }), word: (value) => `--${name}=${value}` })
const inList = (name: string, field: string, plain: string): Field => ({ plain, put: (value) => ({ [field]: [plain, value] }), word: (value) => `--${name}=${value}` })
const inMap = (name: string, field: string, key: string, between = '='): Field => ({ plain: key === 'h' ? '1.1.1.1' : 'a', put: (value) => ({ [field]: { [key]: value } }), word: (value) => `--${name}=${key}${between}${value}` })
const asKey = (name: string, field: string, plain: string, value: string): Field => ({ plain, put: (key) => ({ [field]: { [key]: value } }), word: (key) => `--${name}=${key}=${value}` })

const fields: Readonly<Record<string, Field>> = {
  'image': { plain: 'alpine', put: (image) => ({ image }) },
  'image tag': { plain: 'alpine', put: (tag) => ({ image: { tag, path: '/tmp' } }) },
  'name': flag('name', 'name', 'abc'), 'pull': flag('pull', 'pull', 'always'), 'port': { plain: '80', put: (ports) => ({ ports }) }, 'port key': { plain: '80/tcp', put: (key) => ({ ports: { [key]: 1 } }) },
  'address of a port': { plain: '1.2.3.4', put: (ip) => ({ ports: { container: 1, ip } }) },
  'volume': { plain: '/a:/b', put: (volumes) => ({ volumes }) },
  'hostPath': { plain: '/a', put: (value) => ({ volumes: { hostPath: `/a${value}a`, containerPath: '/b' } }), word: (value) => `--volume=${`/a${value}a`.replace(/\/{2,}/g, '/').replace(/\/\.(?=\/)/g, '')}:/b:rw` },
  'containerPath': { plain: 'b', put: (value) => ({ volumes: { hostPath: '/a', containerPath: `/${value}` } }), word: (value) => `--volume=/a:/${value}:rw` },
  'volumesFrom': inList('volumes-from', 'volumesFrom', 'a'), 'volumeDriver': flag('volume-driver', 'volumeDriver', 'a'), 'tmpfs': inMap('tmpfs', 'tmpfs', '/a', ':'), 'tmpfs path': { plain: '/a', put: (path) => ({ tmpfs: { [path]: '' } }) },
  'env value': { plain: 'a', put: (A) => ({ env: { A } }) }, 'env of the client': inMap('env', 'env', 'PATH'), 'env name': { plain: 'A', put: (name) => ({ env: { [name]: 'a' } }) },
  'networkMode': flag('network', 'networkMode', 'a'), 'logDriver': flag('log-driver', 'logDriver', 'a'), 'logOptions': { ...inMap('log-opt', 'logOptions', 'a'), put: (a) => ({ logDriver: 'x', logOptions: { a } }) }, 'logOptions key': { plain: 'a', put: (key) => ({ logDriver: 'x', logOptions: { [key]: 'a' } }) },
  'entrypoint': { plain: 'a', put: (value) => ({ entrypoint: [value] }), word: (value) => `--entrypoint=${value}` }, 'entrypoint argument': { plain: 'a', put: (value) => ({ entrypoint: ['/bin/x', value] }), word: (value) => value },
  'user': flag('user', 'user', 'a'), 'workingDir': { plain: 'a', put: (value) => ({ workingDir: `/${value}` }), word: (value) => `--workdir=/${value}` },
  'ulimit': { plain: 'nofile=1', put: (ulimits) => ({ ulimits }) }, 'hostname': flag('hostname', 'hostname', 'a'), 'domainname': flag('domainname', 'domainname', 'a'),
  'dns': inList('dns', 'dns', '1.1.1.1'), 'dnsOpt': inList('dns-option', 'dnsOpt', 'a'), 'dnsSearch': inList('dns-search', 'dnsSearch', 'a'), 'extraHosts': inMap('add-host', 'extraHosts', 'h', ':'), 'extraHosts name': { plain: 'a', put: (name) => ({ extraHosts: { [name]: '1.1.1.1' } }) },
  'macAddress': flag('mac-address', 'macAddress', '92:d0:c6:0a:29:33'), 'pidMode': flag('pid', 'pidMode', 'host'), 'ipcMode': flag('ipc', 'ipcMode', 'host'), 'utsMode': flag('uts', 'utsMode', 'host'), 'usernsMode': flag('userns', 'usernsMode', 'host'),
  'groupAdd': inList('group-add', 'groupAdd', 'a'), 'label': inMap('label', 'labels', 'a'), 'label key': asKey('label', 'labels', 'a', 'b'), 'securityOpt': { plain: 'a', put: (value) => ({ securityOpt: `seccomp=${value}` }), word: (value) => `--security-opt=seccomp=${value}` },
  'sysctl': inMap('sysctl', 'sysctls', 'a'), 'sysctl key': asKey('sysctl', 'sysctls', 'a', 'b'), 'storageOpt': inMap('storage-opt', 'storageOpt', 'a'), 'deviceRequests': inList('gpus', 'deviceRequests', 'all'), 'runtime': flag('runtime', 'runtime', 'a'), 'platform': flag('platform', 'platform', 'a'),
  'command': { plain: 'a', put: (value) => ({ command: ['x', value] }), word: (value) => value },
  'limit by device': { plain: '/dev/a', put: (device) => ({ cgroupConfig: { deviceReadBps: { [device]: 1 } } }) }, 'devices': { plain: 'a', put: (value) => ({ cgroupConfig: { devices: `/dev/${value}` } }) },
  'capAdd': { plain: 'CHOWN', put: (value) => ({ cgroupConfig: { capAdd: value } }) }, 'deviceCgroupRules': { plain: 'c 1:2 r', put: (value) => ({ cgroupConfig: { deviceCgroupRules: value } }) }, 'cpusetCpus': { plain: '0', put: (cpusetCpus) => ({ cgroupConfig: { cpusetCpus } }) },
  'account of limits': { plain: 'a', put: (user) => ({ cgroupConfig: { user } }) }, 'directory of limits': { plain: 'a', put: (value) => ({ cgroupConfig: { workingDir: `/a${value}a` } }) },
}

const fragments = [
  '\n', '\r', '\0', '\x1b', '\u2028', '\ud800', '\nExecStartPre=/bin/evil', '\\\n', '\\', '\\\\', '\\n', '\\x2d', '%', '%%', '%U', '%i', '$', '$$', '${PATH}', '$(x)', '`x`', '"', "'", '\\"', ' " ', ' ; ', ';', '#', '=', ' ', '  ',
  '-', '--', '--privileged', ' --privileged ', '-v/:/h', '--volume=/:/h', ':', '::', '/', '//', '..', '/../', '.', ',', 'source=/', '@', '*', '{{.}}', '~', '&', '|', '>', 'a', 'Z', '0', 'é', '日',
]
const hostile = fc.oneof({ weight: 4, arbitrary: fc.string({ unit: fc.constantFrom(...fragments), minLength: 1, maxLength: 5 }) }, { weight: 1, arbitrary: fc.stringMatching(/^[a-z0-9._:/@-]{1,8}$/) })

interface Compiled {
  /** Section and directive of each line. */
  readonly shape: string
  /** Names of the flags, in order. */
  readonly flags: readonly string[]
  readonly words: readonly string[]
  /** What Docker takes for the image, and for what runs in it. */
  readonly image: string
  readonly argv: readonly string[]
}

function compile(container: object, persisted: boolean): Compiled {
  const definition = readDefinition({ name: 'web', environment: { image: 'alpine', command: ['x'], persisted, ...container } }, { directory: '/' })
  const [unit] = compileService(definition, compileHost('system')).units
  const lines = readUnit(unit!.text)
  const of = (directive: string): readonly string[] => readExec(lines.find((line) => line.directive === directive)!.value.replaceAll(/(?<!%)((?:%%)*)%U/g, '$10'))
  const line = of(persisted ? 'ExecStartPre' : 'ExecStart')
  const start = line.findIndex((word) => word.startsWith('--label=taskflows.')) - 1
  const words = line.slice(start)
  // docker-run(1): flags end at the first word that is none.
  const end = words.findIndex((word) => !word.startsWith('-'))
  for (const word of words.slice(0, end)) if (!/^--[a-z-]+=/.test(word)) throw new Error(`${JSON.stringify(word)} is no flag with a value`)
  return { shape: lines.map(({ section, directive }) => `${section}.${directive}`).join(' '), words, flags: words.slice(0, end).map((word) => word.slice(0, word.indexOf('='))), image: words[end]!, argv: words.slice(end + 1) }
}

const plain = new Map(Object.entries(fields).map(([name, field]) => [name, compile(field.put(field.plain), false)] as const))
let refused = 0

function check(name: string, value: string, persisted: boolean): void {
  const field = fields[name]!
  let compiled: Compiled
  try {
    compiled = compile(field.put(value), persisted)
  } catch (error) {
    if (!(error instanceof TaskflowsError) || !/^service\.(unsafe|invalid)$/.test(error.code)) throw error
    refused += 1
    return
  }
  const usual = plain.get(name)!
  const secret = name.startsWith('env') && (looksSecret('A', value) || looksSecret(value, 'a'))
  // A name that steers the client has its value beside it, and an empty text is no option.
  if (name === 'env name' || name === 'pull') expect(compiled.flags.length - usual.flags.length).toBeOneOf([-1, 0])
  else expect(compiled.flags, `${name} ${JSON.stringify(value)}`).toEqual(usual.flags)
  if (!persisted && !secret) expect(compiled.shape).toBe(usual.shape)
  if (field.word) expect(compiled.words).toContain(field.word(value))
  expect(compiled.image).toBe(name.startsWith('image') ? value : 'alpine')
  expect(compiled.argv).toEqual(name === 'command' ? ['x', value] : name === 'entrypoint argument' ? [value, 'x'] : ['x'])
}

test(`${values} hostile values give Docker no flag, no image and no argument that was not asked for`, { timeout: 300_000 }, () => {
  fc.assert(fc.property(fc.constantFrom(...Object.keys(fields)), hostile, fc.boolean(), check), { numRuns: values })
  expect(refused / values).toBeGreaterThan(0.1)
  expect(refused / values).toBeLessThan(0.95)
})

test('every field of a container is tried, or holds no text', () => {
  const noText = ['persisted', 'publishAllPorts', 'envFile', 'cgroupConfig', 'init', 'tty', 'shmSize', 'privileged']
  const tried = new Set(Object.values(fields).flatMap(({ put, plain: value }) => Object.keys(put(value))))
  expect(Object.keys(containerFields).filter((name) => !tried.has(name) && !noText.includes(name))).toEqual([])
  expect(Object.keys(imageFields)).toContain('tag')
})
