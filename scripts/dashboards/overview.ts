import type { DashboardOptions } from './dashboard.ts'
import { number, table, timeSeries } from './panel.ts'
import { countOverRange, each, perSecond, quantile, share, sumNow, sumOfOneServer } from './promql.ts'

export const overview: DashboardOptions = {
  title: 'Taskflows Overview',
  description: 'Tasks, jobs and the API of all servers, workers and task processes.',
  rows: [
    {
      title: 'Tasks',
      panels: [
        number({ title: 'Runs', unit: 'short', queries: [countOverRange('taskflows_task_total')] }),
        number({ title: 'Failed or timed out', unit: 'percentunit', redFrom: 0.1, queries: [share('taskflows_task_total', { status: 'failure|timeout' })] }),
        number({ title: 'p95', unit: 's', redFrom: 60, queries: [quantile(0.95, 'taskflows_task_duration_seconds')] }),
        number({ title: 'Retries', unit: 'short', queries: [countOverRange('taskflows_task_retries_total')] }),
        timeSeries({ title: 'Runs by status', unit: 'ops', stacked: true, queries: [perSecond('taskflows_task_total', { by: ['status'] })] }),
        timeSeries({ title: 'Duration', unit: 's', queries: [0.5, 0.95, 0.99].map((q) => quantile(q, 'taskflows_task_duration_seconds')) }),
      ],
    },
    {
      title: 'Jobs',
      panels: [
        number({ title: 'Due', unit: 'short', queries: [sumOfOneServer('taskflows_jobs_depth', { where: { state: 'PENDING' } })] }),
        number({ title: 'Running', unit: 'short', queries: [sumOfOneServer('taskflows_jobs_depth', { where: { state: 'RUNNING' } })] }),
        number({ title: 'Succeeded', unit: 'short', queries: [countOverRange('taskflows_jobs_ended_total', { where: { state: 'SUCCEEDED' } })] }),
        number({ title: 'Dead letters', unit: 'short', redFrom: 1, queries: [countOverRange('taskflows_jobs_ended_total', { where: { state: 'DEAD' } })] }),
        timeSeries({ title: 'Unfinished jobs', unit: 'short', stacked: true, queries: [sumOfOneServer('taskflows_jobs_depth', { by: ['state'] })] }),
        timeSeries({ title: 'Attempts by outcome', unit: 'ops', stacked: true, queries: [perSecond('taskflows_jobs_attempts_total', { by: ['outcome'] })] }),
      ],
    },
    {
      title: 'API',
      panels: [
        timeSeries({ title: 'Requests by status', unit: 'reqps', width: 8, stacked: true, queries: [perSecond('taskflows_api_requests_total', { by: ['status_code'] })] }),
        timeSeries({
          title: 'Time to answer', unit: 's', width: 8, description: 'From the arrival of the headers to the end of the answer; streams are left out.',
          queries: [0.5, 0.95, 0.99].map((q) => quantile(q, 'taskflows_api_request_duration_seconds', { where: { status_code: '[1235]..|4[0-8].' } })),
        }),
        timeSeries({
          title: 'At once', unit: 'short', width: 8,
          queries: [sumNow('taskflows_api_active_requests', { legend: 'requests' }), sumNow('taskflows_api_event_streams', { legend: 'of them streams' })],
        }),
      ],
    },
    {
      title: 'Alerts, logs and processes',
      panels: [
        timeSeries({ title: 'Alerts by outcome', unit: 'ops', width: 8, queries: [perSecond('taskflows_alerts_total', { by: ['channel', 'outcome'] })] }),
        timeSeries({ title: 'Log lines pushed to Loki', unit: 'ops', width: 8, queries: [perSecond('taskflows_loki_lines_total', { by: ['outcome'] })] }),
        timeSeries({ title: 'Reports of runs that were lost', unit: 'ops', width: 8, queries: [perSecond('taskflows_reports_dropped_total', { legend: 'reports' })] }),
        table({ title: 'Processes', queries: [each('taskflows_system_info')], columns: ['job', 'instance', 'hostname', 'version', 'node_version', 'platform'] }),
      ],
    },
  ],
}
