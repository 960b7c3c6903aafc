/** What the compiler knows of services; `tsc` is the test. */
import {
  CPUPressure, CPUs, Calendar, CgroupConfig, DockerContainer, DockerImage, IOPressure, Memory, MemoryPressure, Periodic, RestartPolicy, Service, type ServiceOptions, ServiceRegistry, Ulimit, Venv, Volume, fromModule, task,
} from 'taskflows'
import type { ServiceDefinition } from '../../src/contract/service-definition.ts'

export class WebService extends Service {
  constructor(appModule: string, port: number, options: Partial<ServiceOptions>) {
    super({ startCommand: `uvicorn ${appModule} --port ${port}`, ...options })
  }
}

export const database = new Service({ name: 'database', startCommand: 'postgres' })

export const everything = new Service({
  name: 'everything', startCommand: task(() => 1, { name: 'one' }), stopCommand: ['pkill', '-f', 'x'], restartCommand: fromModule(import.meta.url, 'reload'),
  schedule: [new Calendar('Mon-Fri 09:00'), new Periodic({ minutes: 5 }), 'daily 03:00', { period: '5m' }],
  environment: new Venv('ml'), restart: new RestartPolicy({ condition: 'on-failure', delay: '10s' }), cgroup: new CgroupConfig({ memoryLimit: '1GB', capDrop: ['ALL'] }),
  systemLoadConstraints: new CPUPressure({ maxPercent: 80, silent: true }), startAfter: [database, 'cache'], requires: database, healthCheck: { port: 80 }, watchdog: '30s',
})
export const named = new Service({ name: 'named', startCommand: 'x', environment: 'ml' })
export const more = new Service({ name: 'more', execStart: 'x', startupRequirements: [new Memory({ amount: '8GB' }), new CPUs({ amount: 4, constraint: '<' }), new MemoryPressure({ maxPercent: 70 }), new IOPressure({ maxPercent: 9, timespan: '10sec' })], environment: { DEBUG: 1 } })

const container = new DockerContainer({
  image: new DockerImage({ tag: 'app:1', path: '.', buildArgs: { VERSION: 3 } }), command: 'python app.py', ports: { '8080/tcp': 80, '9/udp': ['127.0.0.1', 9] }, environment: { MODE: 'a' }, persisted: true, restartPolicy: 'no',
  volumes: [new Volume('/a:/b'), { hostPath: 'cache', containerPath: '/c', readOnly: true }, './d:/d:ro'], ulimits: [new Ulimit('nofile=1:2')], cgroup: new CgroupConfig({ memoryLimit: '1GB' }),
})
export const contained = [new Service({ name: 'in', environment: container }), new Service({ name: 'by-alias', dockerContainer: container }), new Service({ name: 'plain', environment: { image: 'nginx' } }), new Service({ name: 'named', environment: 'production' })]

export async function acted(registry: ServiceRegistry): Promise<string> {
  await registry.create()
  await registry.get('web').start({ timers: true })
  const { status, nextStartAt } = await database.status()
  return `${status satisfies string} ${nextStartAt satisfies number | null}`
}

export const mistakes = [
  // @ts-expect-error: an option that does not exist
  () => new Service({ name: 'a', startCommand: 'x', start_schedule: 'daily' }),
  // @ts-expect-error: a policy that does not exist
  () => new Service({ name: 'a', startCommand: 'x', restartPolicy: 'sometimes' }),
  // @ts-expect-error: a variable that may not be set
  () => new Service({ name: 'a', startCommand: 'x', env: { KEY: process.env['KEY'] } }),
  // @ts-expect-error: an operator that does not exist
  () => new Memory({ amount: 1, constraint: '=>' }),
  // @ts-expect-error: a limit that does not exist
  () => new CgroupConfig({ memory_limit: 1 }),
]

export const wired: ServiceDefinition = { name: 'a', environment: { image: 'nginx', volumes: { host_path: '/a', container_path: '/b' }, cgroup_config: { memory_limit: '1GB' } } }
export const wire: ServiceDefinition = { name: 'a', start_command: ['x', 'y'], start_schedule: 'daily 03:00', cgroup_config: { device_read_bps: { '/dev/sda': '1MB' } }, directives: { Service: { ProtectHome: true } } }
// @ts-expect-error: camelCase is for code
export const notWire: ServiceDefinition = { name: 'a', startCommand: 'x' }
