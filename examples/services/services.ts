/** Three services of one small site: a server, a job at night, and a job while the machine is idle. */
import { CPUPressure, Calendar, CgroupConfig, Periodic, RestartPolicy, Service, ServiceRegistry } from 'taskflows'
import { nightlyReport } from './report.ts'

const site = new Service({
  name: 'example-site',
  description: 'Serves this directory on port 8190',
  startCommand: ['python3', '-m', 'http.server', '8190', '--bind', '127.0.0.1'],
  workingDirectory: '.',
  restartPolicy: new RestartPolicy({ condition: 'on-failure', delay: 2, maxAttempts: 5 }),
  cgroupConfig: new CgroupConfig({ memoryLimit: '256MB', pidsLimit: 50 }),
  healthCheck: 'http://127.0.0.1:8190/',
  enabled: true,
})

const report = new Service({
  name: 'example-report',
  type: 'oneshot',
  startCommand: nightlyReport,
  startSchedule: new Calendar('Mon..Fri 03:00'),
  startAfter: site,
  timeout: '10m',
})

const tidy = new Service({
  name: 'example-tidy',
  type: 'oneshot',
  startCommand: 'find /tmp -maxdepth 1 -name example-* -mtime +7 -delete',
  startSchedule: new Periodic({ startOn: 'boot', period: '6h', relativeTo: 'finish' }),
  startupRequirements: new CPUPressure({ maxPercent: 20, timespan: '1min', silent: true }),
  timeout: '10m',
})

export { nightlyReport }
export const registry = new ServiceRegistry(site, report, tidy)
