/**
 * Every metric of the product, as data: `metrics.ts` makes prom-client's from
 * it, dashboards, alert rules and the reference page are checked against it.
 * Names, labels and buckets are public; they are added to and never changed.
 */
export interface MetricDefinition {
  readonly type: 'counter' | 'gauge' | 'histogram'
  /** A sentence, as `# HELP` shows it. */
  readonly help: string
  /** What each label holds. */
  readonly labels: Readonly<Record<string, string>>
  /** Upper bounds of a histogram, in the unit of its name. */
  readonly buckets?: readonly number[]
  /** Where it is found. */
  readonly of: readonly MetricSource[]
}

/** `server`: `/metrics` of `tf serve`. `worker`: of `tf worker`. `task`: of any other process that runs tasks. */
export type MetricSource = 'server' | 'worker' | 'task'

const everywhere = ['server', 'worker', 'task'] as const

const taskName = 'name of the task; the first 200 that a process sees, then `other`'
const taskStatus = '`success`, `failure`, `timeout` or `cancelled`'
const queue = 'name of the queue; 100 of them, then `other`'
const attemptOutcome = '`succeeded`, `failed`, `timed_out`, `cancelled` or `lost`'
const request = {
  method: 'method of the request',
  endpoint: 'path as the contract writes it, such as `/api/v1/jobs/{id}`; `unmatched` for any other',
  status_code: 'status of the answer; 499 when the caller hung up',
}
const serviceName = 'name of the service'

export const metricDefinitions = {
  taskflows_task_duration_seconds: {
    type: 'histogram', help: 'Runs of tasks, from the start of the first attempt to the end of the last.', of: everywhere,
    labels: { task_name: taskName, status: taskStatus }, buckets: [0.1, 0.5, 1, 5, 10, 30, 60, 300, 600],
  },
  taskflows_task_total: { type: 'counter', help: 'Runs of tasks that ended.', of: everywhere, labels: { task_name: taskName, status: taskStatus } },
  taskflows_task_errors_total: {
    type: 'counter', help: 'Attempts at tasks that failed.', of: everywhere,
    labels: { task_name: taskName, error_type: 'name of the error, such as `TypeError`; the first 100 that a process sees, then `other`' },
  },
  taskflows_task_retries_total: { type: 'counter', help: 'Attempts at tasks after the first.', of: everywhere, labels: { task_name: taskName } },

  taskflows_jobs_attempts_total: { type: 'counter', help: 'Attempts at jobs that this process ended.', of: ['server', 'worker'], labels: { queue, outcome: attemptOutcome } },
  taskflows_jobs_attempt_duration_seconds: {
    type: 'histogram', help: 'From the start of the handler to its end.', of: ['server', 'worker'], labels: { queue, outcome: attemptOutcome },
    buckets: [0.001, 0.01, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 600],
  },
  taskflows_jobs_ended_total: {
    type: 'counter', help: 'Jobs that the worker of this process brought to their end.', of: ['server', 'worker'],
    labels: { queue, state: '`SUCCEEDED`, `FAILED`, `DEAD` or `CANCELLED`' },
  },
  taskflows_jobs_depth: { type: 'gauge', help: 'Unfinished jobs, by queue and state.', of: ['server'], labels: { queue, state: '`PENDING`, `SCHEDULED` or `RUNNING`' } },

  taskflows_api_requests_total: { type: 'counter', help: 'Requests answered.', of: ['server'], labels: request },
  taskflows_api_request_duration_seconds: {
    type: 'histogram', help: 'From the arrival of the headers to the end of the answer.', of: ['server'], labels: request,
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  },
  taskflows_api_active_requests: { type: 'gauge', help: 'Requests being answered right now.', of: ['server'], labels: { method: request.method, endpoint: request.endpoint } },
  taskflows_api_event_streams: { type: 'gauge', help: 'Streams of events that are open right now.', of: ['server'], labels: {} },

  taskflows_alerts_total: {
    type: 'counter', help: 'Alerts that this process handed over, or did not.', of: everywhere,
    labels: { channel: 'kind of the destination, such as `slack` or `email`', outcome: 'what became of it, such as `sent` or `failed`' },
  },

  taskflows_loki_lines_total: {
    type: 'counter', help: 'Log lines for Loki, where this process pushes them itself.', of: everywhere,
    labels: { outcome: '`pushed`, `refused` by Loki or `dropped` because too many waited' },
  },
  taskflows_reports_dropped_total: { type: 'counter', help: 'Reports of runs that never reached the server.', of: everywhere, labels: {} },

  taskflows_service_state: {
    type: 'gauge', help: '1 for the state that the service is in, 0 for the others.', of: ['server'],
    labels: { service_name: serviceName, state: '`active`, `inactive` or `failed`' },
  },
  taskflows_service_restarts_total: {
    type: 'counter', help: 'Restarts of services.', of: ['server'], labels: { service_name: serviceName, reason: '`manual`, or why systemd did: `failed`, `watchdog`, or `exited` for what is to run always' },
  },
  taskflows_service_slots_total: {
    type: 'counter', help: 'Times at which schedules wanted services to run, by what became of them.', of: ['server'],
    labels: {
      verdict: '`on_time`, `late`, `skipped`, `missed` or `overdue`; what is overdue counts again with what becomes of it',
      reason: '`none`, `overlap`, `condition`, `host_down`, `systemd_down`, `timer_off`, `random_delay` or `unknown`',
    },
  },
  taskflows_service_uptime_seconds: { type: 'gauge', help: 'Since the service became active; 0 while it is not.', of: ['server'], labels: { service_name: serviceName } },

  taskflows_system_info: {
    type: 'gauge', help: 'Always 1: what this process is and where it runs.', of: everywhere,
    labels: { hostname: 'name of the machine', platform: 'as Node has it, such as `linux`', node_version: 'such as `26.1.0`', version: 'version of taskflows' },
  },
} as const satisfies Readonly<Record<`taskflows_${string}`, MetricDefinition>>

export type MetricName = keyof typeof metricDefinitions
/** The names of the labels of a metric. */
export type LabelOf<N extends MetricName> = keyof (typeof metricDefinitions)[N]['labels'] & string
