import { logLevels } from '../../src/kernel/observe/log-level.ts'
import { type DashboardOptions, logVariable, wordVariable } from './dashboard.ts'
import { logs } from './panel.ts'

export const serviceLogs: DashboardOptions = {
  title: 'Taskflows Service Logs',
  description: 'What services, tasks and containers log.',
  last: '1h',
  variables: [logVariable('service_name'), wordVariable('level', logLevels.map((level) => level.toUpperCase()))],
  rows: [
    {
      title: 'Logs',
      panels: [
        logs({ title: 'Lines', description: 'Open a line to see its ids; a line in JSON can be read with | json.', expr: '{service_name=~"$service_name", severity=~"$level"}' }),
      ],
    },
  ],
}
