import { type DashboardOptions, metricVariable } from './dashboard.ts'
import { number, timeSeries } from './panel.ts'
import { countOverRange, perSecond, quantile, share } from './promql.ts'

const chosen = { task_name: '$task_name' }

export const tasks: DashboardOptions = {
  title: 'Taskflows Tasks',
  description: 'Runs of tasks: how many, how long, and what went wrong.',
  variables: [metricVariable('taskflows_task_total', 'task_name')],
  rows: [
    {
      title: 'Runs',
      panels: [
        number({ title: 'Runs', unit: 'short', queries: [countOverRange('taskflows_task_total', { where: chosen })] }),
        number({ title: 'Failed', unit: 'percentunit', redFrom: 0.1, queries: [share('taskflows_task_total', { status: 'failure' }, { where: chosen })] }),
        number({ title: 'Timed out', unit: 'percentunit', redFrom: 0.05, queries: [share('taskflows_task_total', { status: 'timeout' }, { where: chosen })] }),
        number({ title: 'p95', unit: 's', redFrom: 60, queries: [quantile(0.95, 'taskflows_task_duration_seconds', { where: chosen })] }),
        timeSeries({ title: 'Runs by status', unit: 'ops', stacked: true, queries: [perSecond('taskflows_task_total', { where: chosen, by: ['status'] })] }),
        timeSeries({ title: 'Runs by task', unit: 'ops', queries: [perSecond('taskflows_task_total', { where: chosen, by: ['task_name'] })] }),
      ],
    },
    {
      title: 'Duration',
      panels: [
        timeSeries({ title: 'Duration', unit: 's', queries: [0.5, 0.95, 0.99].map((q) => quantile(q, 'taskflows_task_duration_seconds', { where: chosen })) }),
        timeSeries({ title: 'Duration by task', unit: 's', queries: [quantile(0.95, 'taskflows_task_duration_seconds', { where: chosen, by: ['task_name'] })] }),
      ],
    },
    {
      title: 'What went wrong',
      panels: [
        timeSeries({
          title: 'Runs that failed or timed out', unit: 'percentunit', width: 8,
          queries: [share('taskflows_task_total', { status: 'failure|timeout' }, { where: chosen, by: ['task_name'] })],
        }),
        timeSeries({ title: 'Errors by type', unit: 'ops', width: 8, queries: [perSecond('taskflows_task_errors_total', { where: chosen, by: ['error_type'] })] }),
        timeSeries({ title: 'Retries by task', unit: 'ops', width: 8, queries: [perSecond('taskflows_task_retries_total', { where: chosen, by: ['task_name'] })] }),
      ],
    },
  ],
}
