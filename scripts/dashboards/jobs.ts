import { type DashboardOptions, metricVariable } from './dashboard.ts'
import { number, timeSeries } from './panel.ts'
import { countOverRange, perSecond, quantile, share, sumOfOneServer } from './promql.ts'

const queue = '$queue'

export const jobs: DashboardOptions = {
  title: 'Taskflows Jobs',
  description: 'What waits, what runs and how it ends, by queue.',
  variables: [metricVariable('taskflows_jobs_depth', 'queue')],
  rows: [
    {
      title: 'Now',
      panels: [
        number({ title: 'Due', unit: 'short', queries: [sumOfOneServer('taskflows_jobs_depth', { where: { queue, state: 'PENDING' } })] }),
        number({ title: 'Running', unit: 'short', queries: [sumOfOneServer('taskflows_jobs_depth', { where: { queue, state: 'RUNNING' } })] }),
        number({ title: 'Scheduled', unit: 'short', queries: [sumOfOneServer('taskflows_jobs_depth', { where: { queue, state: 'SCHEDULED' } })] }),
        number({ title: 'Dead letters', unit: 'short', redFrom: 1, queries: [countOverRange('taskflows_jobs_ended_total', { where: { queue, state: 'DEAD' } })] }),
      ],
    },
    {
      title: 'Queues',
      panels: [
        timeSeries({ title: 'Due', unit: 'short', queries: [sumOfOneServer('taskflows_jobs_depth', { where: { queue, state: 'PENDING' }, by: ['queue'] })] }),
        timeSeries({ title: 'Running', unit: 'short', queries: [sumOfOneServer('taskflows_jobs_depth', { where: { queue, state: 'RUNNING' }, by: ['queue'] })] }),
        timeSeries({ title: 'Jobs by end', unit: 'ops', stacked: true, queries: [perSecond('taskflows_jobs_ended_total', { where: { queue }, by: ['state'] })] }),
        timeSeries({ title: 'Dead letters', unit: 'ops', queries: [perSecond('taskflows_jobs_ended_total', { where: { queue, state: 'DEAD' }, by: ['queue'] })] }),
      ],
    },
    {
      title: 'Attempts',
      panels: [
        timeSeries({ title: 'Attempts by outcome', unit: 'ops', stacked: true, queries: [perSecond('taskflows_jobs_attempts_total', { where: { queue }, by: ['outcome'] })] }),
        timeSeries({
          title: 'Attempts that did not succeed', unit: 'percentunit',
          queries: [share('taskflows_jobs_attempts_total', { outcome: 'failed|timed_out|lost' }, { where: { queue }, by: ['queue'] })],
        }),
        timeSeries({ title: 'Duration', unit: 's', queries: [0.5, 0.95, 0.99].map((q) => quantile(q, 'taskflows_jobs_attempt_duration_seconds', { where: { queue } })) }),
        timeSeries({ title: 'Duration by queue', unit: 's', queries: [quantile(0.95, 'taskflows_jobs_attempt_duration_seconds', { where: { queue }, by: ['queue'] })] }),
      ],
    },
  ],
}
