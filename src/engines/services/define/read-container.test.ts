/** Containers as people define them: what is read, what moves to the service, and what is refused by name. */
import { homedir } from 'node:os'
import { describe, expect, test } from 'vitest'
import { TaskflowsError } from '../../../kernel/errors.ts'
import { CgroupConfig } from '../library/cgroup-config.ts'
import type { DockerContainerOptions } from '../library/container-options.ts'
import { DockerContainer } from '../library/docker-container.ts'
import { DockerImage } from '../library/docker-image.ts'
import { Service } from '../library/service.ts'
import { Ulimit } from '../library/ulimit.ts'
import { Volume } from '../library/volume.ts'
import { container } from './container-fields.ts'
import { snakeName } from './field.ts'
import { readDefinition } from './read-definition.ts'
import { showDefinition } from './write-definition.ts'

const here = import.meta.dirname
const usual = { kind: 'docker', persisted: false, pull: 'missing' } as const
const read = (environment: object, rest: object = {}) => readDefinition({ name: 'web', environment, ...rest }, { directory: here })
const containerOf = (said: object) => read({ image: 'alpine', ...said }).environment

function refusalOf(work: () => unknown): string {
  try {
    work()
  } catch (error) {
    if (error instanceof TaskflowsError) return error.message.replace(/^(?:service "web"|DockerContainer|Volume|Ulimit|DockerImage): /, '')
    throw error
  }
  throw new Error('expected a refusal')
}

describe('a container', () => {
  test('as the documents have it, in code and in the words of YAML', () => {
    const service = new Service({
      name: 'api-server',
      environment: new DockerContainer({
        image: 'python:3.11', command: 'python app.py', ports: { '8080/tcp': 8080 }, volumes: [new Volume({ hostPath: '/data', containerPath: '/app/data', readOnly: false })],
        environment: { ENV: 'production' }, networkMode: 'bridge', restartPolicy: 'no', persisted: true, cgroupConfig: new CgroupConfig({ memoryLimit: 1024 ** 3, cpuQuota: 50_000 }),
      }),
    })
    expect(service.definition).toMatchObject({
      startCommand: { kind: 'program', argv: ['python', 'app.py'] },
      environment: {
        kind: 'docker', image: 'python:3.11', persisted: true, pull: 'missing', ports: [{ container: 8080, protocol: 'tcp', host: 8080 }], volumes: [{ hostPath: '/data', containerPath: '/app/data', readOnly: false }],
        env: { ENV: 'production' }, networkMode: 'bridge', cgroupConfig: { memoryLimit: 1024 ** 3, cpuQuota: 50_000 },
      },
    })
    expect(service.definition.restartPolicy).toBeUndefined()
    const { source: _, ...definition } = service.definition
    expect(readDefinition({
      name: 'api-server',
      docker_container: {
        image: 'python:3.11', command: 'python app.py', ports: { '8080/tcp': 8080 }, volumes: [{ host_path: '/data', container_path: '/app/data', read_only: false }], environment: { ENV: 'production' },
        network_mode: 'bridge', restart_policy: 'no', persisted: true, cgroup: { memory_limit: 1024 ** 3, cpu_quota: 50_000 },
      },
    }, { names: 'snake' })).toEqual(definition)
  })

  test('runs what its image says when nobody says what, and is written without a command', () => {
    const definition = read({ image: 'nginx:1' })
    expect(definition.startCommand).toEqual({ kind: 'image' })
    expect(showDefinition(definition, { secrets: 'keep' })).not.toHaveProperty('start_command')
  })

  test('has programs and paths of its image, not of this host', () => {
    expect(read({ image: 'alpine', command: './start.sh "a b" ~ $HOME' }).startCommand).toEqual({ kind: 'program', argv: ['./start.sh', 'a b', '~', '$HOME'] })
    expect(read({ image: 'alpine' }, { startCommand: ['./start.sh'] }).startCommand).toEqual({ kind: 'program', argv: ['./start.sh'] })
    expect(read({ image: 'alpine' }, { execStartPre: './prepare.sh' }).execStartPre).toEqual([{ kind: 'program', argv: [`${here}/prepare.sh`] }])
  })

  test('says its command once, or twice the same', () => {
    expect(read({ image: 'alpine', command: 'a "b c"' }, { startCommand: ['a', 'b c'] }).startCommand).toEqual({ kind: 'program', argv: ['a', 'b c'] })
    expect(refusalOf(() => read({ image: 'alpine', command: 'a b' }, { startCommand: 'a c' }))).toBe('environment.command: says something else than startCommand; expected one of the two')
  })

  test.each<[unknown, unknown]>([
    ['no', undefined], [null, undefined], ['unless-stopped', { condition: 'always' }], ['on-failure', { condition: 'on-failure' }],
    ['on-failure:3', { condition: 'on-failure', maxAttempts: 4, window: 240 }], [{ Name: 'on-failure', MaximumRetryCount: 2 }, { condition: 'on-failure', maxAttempts: 3, window: 180 }], [{ Name: 'always' }, { condition: 'always' }],
  ])('gives its restart policy %j to systemd', (restartPolicy, expected) => {
    expect(read({ image: 'alpine', restartPolicy }).restartPolicy).toEqual(expected)
    expect(new Service({ name: 'web', environment: new DockerContainer({ image: 'alpine', restartPolicy } as DockerContainerOptions) }).definition.restartPolicy).toEqual(expected)
  })

  test('has one restart policy with its service', () => {
    expect(read({ image: 'alpine', restartPolicy: 'no' }, { restartPolicy: 'always' }).restartPolicy).toEqual({ condition: 'always' })
    expect(refusalOf(() => read({ image: 'alpine', restartPolicy: 'always' }, { restartPolicy: 'always' }))).toBe('environment.restartPolicy: says the same as that of the service; expected one of the two')
  })

  test.each<[unknown, unknown]>([
    [8080, [{ container: 8080, protocol: 'tcp' }]],
    ['8080/udp', [{ container: 8080, protocol: 'udp' }]],
    ['80:8080', [{ container: 8080, protocol: 'tcp', host: 80 }]],
    [['127.0.0.1:80:8080', '[::1]::9/sctp'], [{ container: 8080, protocol: 'tcp', host: 80, ip: '127.0.0.1' }, { container: 9, protocol: 'sctp', ip: '::1' }]],
    [{ '8080/tcp': ['127.0.0.1', 80] }, [{ container: 8080, protocol: 'tcp', host: 80, ip: '127.0.0.1' }]],
    [{ 8080: '80' }, [{ container: 8080, protocol: 'tcp', host: 80 }]],
    [{ '8080/tcp': [80, 81], '9/udp': null }, [{ container: 8080, protocol: 'tcp', host: 80 }, { container: 8080, protocol: 'tcp', host: 81 }, { container: 9, protocol: 'udp' }]],
    [{ container: 1, host: 2 }, [{ container: 1, protocol: 'tcp', host: 2 }]],
    [[], undefined],
  ])('takes ports as %j', (ports, expected) => {
    expect(containerOf({ ports })).toEqual({ ...usual, image: 'alpine', ...(expected !== undefined && { ports: expected }) })
  })

  test.each([0, 65_536, '70000:80', '80:', ':80:80', 'http', '-p', '80:80/icmp', '1.2.3:80:80', { '80/tcp': 'x' }, { '80/tcp': [true] }, { tcp: 80 }, { container: 80, host_ip: 'x' }, true])('refuses %j as a port', (ports) => {
    expect(refusalOf(() => containerOf({ ports }))).toMatch(/^environment\.ports/)
  })

  test('takes volumes and limits as text too', () => {
    expect(containerOf({ volumes: ['./data:/data:ro', 'cache:/cache'], ulimits: ['nofile=1:2', 'core=0', { name: 'memlock', hard: -1 }] })).toMatchObject({
      volumes: [{ hostPath: `${here}/data`, containerPath: '/data', readOnly: true }, { hostPath: 'cache', containerPath: '/cache', readOnly: false }],
      ulimits: [{ name: 'nofile', soft: 1, hard: 2 }, { name: 'core', soft: 0, hard: 0 }, { name: 'memlock', soft: -1, hard: -1 }],
    })
    expect({ ...new Volume('~/data:/data') }).toEqual({ hostPath: `${homedir()}/data`, containerPath: '/data', readOnly: false })
    expect({ ...new Ulimit({ name: 'nofile', soft: 5 }) }).toEqual({ name: 'nofile', soft: 5, hard: 5 })
  })

  test('can be built, relative to the file that says so', () => {
    expect({ ...new DockerImage({ tag: 'myapp:latest', path: '.', buildargs: { VERSION: 3 }, nocache: true, shmsize: '64M', timeout: '10m' }) }).toEqual({
      tag: 'myapp:latest', path: here, dockerfile: 'Dockerfile', buildArgs: { VERSION: '3' }, noCache: true, shmSize: 64 * 1024 ** 2, timeout: 600,
    })
  })

  test.each(['alpine', 'python:3.13', 'library/python', 'localhost:5000/a/b_c/d-e:v1.2_3', 'registry.example.com/team/app@sha256:' + 'a'.repeat(64), '[::1]:5000/app', 'sha256:' + 'a'.repeat(64)])('is made of %s', (image) => {
    expect(containerOf({ image })).toEqual({ ...usual, image })
  })

  test.each(['', '-v', '--privileged', 'Alpine', 'a b', 'alpine:', 'alpine:-x', 'a//b', 'a:b:c', 'x@sha256:zz', '../x', 'a'.repeat(500), 'alpine\n--privileged', 7, ['alpine']])('is not made of %j', (image) => {
    expect(refusalOf(() => containerOf({ image }))).toMatch(/^environment\.image/)
  })
})

describe('is refused', () => {
  test.each<[string, object, string | RegExp]>([
    ['a quote that is not closed', { command: 'python script.py --arg "unterminated' }, 'environment.command: the quote " at character 24 is not closed'],
    ['a line for a shell', { command: 'a && b' }, /^environment\.command: `&` is for a shell/],
    ['a function', { command: () => 1 }, 'environment.command: is a function, which tf run calls on this host; expected a program of the container'],
    ['a function by name', { command: 'jobs.ts#nightly' }, /^environment\.command: is a function/],
    ['a name that is a flag', { name: '--privileged' }, /^environment\.name: expected letters/],
    ['a network that is two flags', { networkMode: 'bridge --privileged' }, /^environment\.networkMode/],
    ['a path outside', { volumes: '../etc:/etc' }, /^environment\.volumes\.hostPath: must not hold `\.\.`/],
    ['a volume into nowhere', { volumes: '/etc' }, 'environment.volumes: expected an object, or HOST_PATH:CONTAINER_PATH[:ro], got "/etc"'],
    ['a volume with a third part', { volumes: { hostPath: '/a:b', containerPath: '/c' } }, /must not hold a colon/],
    ['a label of ours', { labels: { 'taskflows.owner': 'x' } }, /^environment\.labels: expected the name of a label/],
    ['log options without a driver', { logOptions: { tag: 'x' } }, 'environment.logOptions: needs logDriver'],
    ['asking for an image that is built', { image: { tag: 'a', path: here }, pull: 'always' }, /^environment\.pull: is for images that are not built/],
    ['a Dockerfile elsewhere', { image: { tag: 'a', path: here, dockerfile: '../Dockerfile' } }, /^environment\.image\.dockerfile/],
    ['a limit lower than it begins', { ulimits: { name: 'nofile', soft: 2, hard: 1 } }, /expected soft to be at most hard/],
    ['what it calls itself in Python', { network_mode: 'x' }, 'environment.network_mode: is no field; did you mean networkMode?'],
  ])('%s', (_what, said, message) => {
    expect(refusalOf(() => containerOf(said))).toMatch(message)
  })

  test.each<[string, object, string | RegExp]>([
    ['a function as the start command', { startCommand: 'jobs.ts#nightly' }, /^startCommand: is a function/],
    ['a type that needs the program to speak', { type: 'notify' }, /^type: can be exec, simple or oneshot in a container/],
    ['a watchdog', { watchdog: 10 }, /^type: can be exec/],
    ['forking', { type: 'forking' }, /^type: can be exec/],
    ['a command that stops it', { stopCommand: 'x' }, /^stopCommand: has no use in a container/],
    ['secrets that it would not see', { secrets: { a: '/etc/hostname' } }, /^secrets: do not reach into a container/],
    ['one name for all instances', { name: 'web@', environment: { image: 'alpine', name: 'web' } }, /environment: must not say the name/],
    ['two environments', { dockerContainer: { image: 'alpine' } }, /^dockerContainer: says the same as environment/],
  ])('%s', (_what, said, message) => {
    expect(refusalOf(() => read({ image: 'alpine' }, said)).replace('service "web@": ', '')).toMatch(message)
  })

  test('by name, with the reason, whatever other clients take', () => {
    const names = [
      'auto_remove', 'blkio_weight_device', 'cpu_count', 'cpu_percent', 'cpu_rt_period', 'cpu_rt_runtime', 'cpuset_mems', 'detach', 'healthcheck', 'init_path', 'isolation', 'kernel_memory', 'links', 'lxc_conf', 'mounts',
      'nano_cpus', 'network_disabled', 'oom_kill_disable', 'stop_signal', 'stream', 'use_config_proxy', 'version', 'memory_limit', 'mem_limit', 'read_only', 'cap_drop',
    ]
    const refusal = refusalOf(() => readDefinition({ name: 'web', environment: { image: 'alpine', ...Object.fromEntries(names.map((name) => [name, 1])) } }, { names: 'snake' }))
    for (const name of names.slice(0, 19)) expect(refusal).toContain(`environment.${name}: `)
    expect(refusal).not.toContain('is no field')
    const refused = { ...container.refused, ...(container.fields['image']!.kind as { readonly object: typeof container }).object.refused }
    for (const reason of Object.values(refused)) expect(reason).toMatch(/^(?:is|was|has|cannot|does not) /)
    expect(names.filter((name) => !Object.keys(refused).map(snakeName).includes(name))).toEqual([])
  })

  test('what is built, by name too', () => {
    const names = ['quiet', 'rm', 'forcerm', 'encoding', 'container_limits', 'squash', 'isolation', 'use_config_proxy']
    const refusal = refusalOf(() => readDefinition({ name: 'web', environment: { image: { tag: 'a', path: here, ...Object.fromEntries(names.map((name) => [name, true])) } } }, { names: 'snake' }))
    for (const name of names) expect(refusal).toContain(`environment.image.${name}: `)
    expect(refusal).not.toContain('is no field')
  })
})
