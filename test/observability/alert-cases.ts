/**
 * For each alert rule the series at which it fires, and series as close to them
 * as can be at which it must not. Series are in promtool's notation, a value per
 * minute: https://prometheus.io/docs/prometheus/latest/configuration/unit_testing_rules/
 */

export type Series = Readonly<Record<string, string>>

export interface AlertCase {
  readonly fires: readonly Firing[]
  readonly silent: readonly Series[]
  /** Minutes after which one looks. Default 30. */
  readonly atMinute?: number
}

export interface Firing {
  readonly series: Series
  /** Besides `severity`. */
  readonly labels: Series
  readonly summary: string
}

/** Runs a minute, of a hundred. */
const runs = (status: string, count: number): Series => ({
  [`taskflows_task_total{task_name="sync",status="${status}"}`]: `0+${count}x40`,
  'taskflows_task_total{task_name="sync",status="success"}': `0+${100 - count}x40`,
})
const runsWithin = (bound: string, count: number): Series => ({
  [`taskflows_task_duration_seconds_bucket{task_name="sync",status="success",le="${bound}"}`]: `0+${count}x40`,
  'taskflows_task_duration_seconds_bucket{task_name="sync",status="success",le="300"}': '0+100x40',
  'taskflows_task_duration_seconds_bucket{task_name="sync",status="success",le="+Inf"}': '0+100x40',
})
const requests = (status: string, count: number): Series => ({
  [`taskflows_api_requests_total{instance="a:7777",method="GET",endpoint="/jobs",status_code="${status}"}`]: `0+${count}x40`,
  'taskflows_api_requests_total{instance="a:7777",method="GET",endpoint="/jobs",status_code="200"}': `0+${100 - count}x40`,
})
const requestsWithin = (bound: string, count: number, status = '200'): Series => {
  const bucket = (le: string) => `taskflows_api_request_duration_seconds_bucket{instance="a:7777",method="GET",endpoint="/jobs",status_code="${status}",le="${le}"}`
  return { [bucket(bound)]: `0+${count}x40`, [bucket('2.5')]: '0+100x40', [bucket('+Inf')]: '0+100x40' }
}
const atOnce = (active: number, streams: number): Series => ({
  'taskflows_api_active_requests{instance="a:7777",method="GET",endpoint="/events"}': `${active}x40`,
  'taskflows_api_event_streams{instance="a:7777"}': `${streams}x40`,
})
const depth = (pending: string, running: string): Series => ({
  'taskflows_jobs_depth{instance="a:7777",queue="mail",state="PENDING"}': pending,
  'taskflows_jobs_depth{instance="a:7777",queue="mail",state="RUNNING"}': running,
  'taskflows_jobs_depth{instance="b:7777",queue="mail",state="PENDING"}': pending,
})
const dead = 'taskflows_jobs_ended_total{instance="a:7777",queue="mail",state="DEAD"}'
const attempts = 'taskflows_jobs_attempts_total{instance="a:7777",queue="mail",outcome="succeeded"}'
const state = (name: string) => `taskflows_service_state{instance="a:7777",service_name="web",state="${name}"}`
const restarts = 'taskflows_service_restarts_total{instance="a:7777",service_name="web",reason="failed"}'
const alerts = (outcome: string) => `taskflows_alerts_total{instance="a:7777",channel="slack",outcome="${outcome}"}`

export const alertCases: Readonly<Record<string, AlertCase>> = {
  HighTaskFailureRate: {
    fires: [{ series: runs('failure', 11), labels: { task_name: 'sync' }, summary: 'sync: 11% of the runs fail' }],
    silent: [runs('failure', 9), runs('timeout', 50), runs('cancelled', 50)],
  },
  HighTaskTimeoutRate: {
    fires: [{ series: runs('timeout', 6), labels: { task_name: 'sync' }, summary: 'sync: 6% of the runs time out' }],
    silent: [runs('timeout', 4), runs('failure', 50)],
  },
  SlowTaskExecution: {
    fires: [{ series: runsWithin('60', 93), labels: { task_name: 'sync' }, summary: 'sync: one run in twenty takes longer than 2m 8s' }],
    silent: [runsWithin('60', 96)],
  },
  ExcessiveTaskRetries: {
    fires: [{ series: { 'taskflows_task_retries_total{task_name="sync"}': '0+660x40' }, labels: { task_name: 'sync' }, summary: 'sync: 11 retries per second' }],
    silent: [{ 'taskflows_task_retries_total{task_name="sync"}': '0+590x40' }],
  },
  DeadLettersGrowing: {
    fires: [
      { series: { [dead]: '7x20 8x20' }, labels: { queue: 'mail' }, summary: 'queue mail: 1 jobs spent their attempts in 15 minutes' },
      { series: { [dead]: '_x20 1x20' }, labels: { queue: 'mail' }, summary: 'queue mail: 1 jobs spent their attempts in 15 minutes' },
    ],
    silent: [{ [dead]: '7x40' }, { [dead]: '0x40' }, { [dead.replace('DEAD', 'SUCCEEDED')]: '0+100x40' }],
  },
  QueueNotDraining: {
    fires: [
      { series: depth('5x40', '0x40'), labels: { queue: 'mail' }, summary: 'queue mail: 5 jobs are due, and none of them is run' },
      { series: depth('5+1x40', '0x40'), labels: { queue: 'mail' }, summary: 'queue mail: 35 jobs are due, and none of them is run' },
    ],
    silent: [
      depth('0x40', '0x40'), depth('60-1x40', '0x40'), depth('5x40', '1x40'), { ...depth('5x40', '0x40'), [attempts]: '0+1x40' },
      // Since three minutes.
      depth('0x26 5x40', '0x40'),
    ],
  },
  ServiceFailed: {
    fires: [{ series: { [state('failed')]: '0x20 1x20' }, labels: { service_name: 'web' }, summary: 'service web has failed' }],
    silent: [{ [state('failed')]: '0x40', [state('inactive')]: '1x40' }],
  },
  FrequentServiceRestarts: {
    atMinute: 60,
    fires: [{ series: { [restarts]: '0+0.1x70' }, labels: { service_name: 'web' }, summary: 'service web: 6 restarts in an hour' }],
    silent: [{ [restarts]: '0+0.08x70' }],
  },
  ServiceUnavailable: {
    atMinute: 120,
    fires: [{
      series: { [state('active')]: '1x100 0x40' }, labels: { service_name: 'web' },
      summary: 'service web is not active, though it mostly was in the last 6 hours',
    }],
    silent: [
      { [state('active')]: '1x140' },
      // Once an hour, for some minutes.
      { [state('active')]: '0x50 1x5 0x50 1x5 0x40' },
      { [state('active')]: '1x116 0x40' },
    ],
  },
  HighAPIErrorRate: {
    fires: [{ series: requests('500', 6), labels: { instance: 'a:7777' }, summary: 'a:7777: 6% of the requests are answered with 5xx' }],
    silent: [requests('500', 4), requests('404', 50)],
  },
  SlowAPIRequests: {
    fires: [{
      series: requestsWithin('1', 94), labels: { instance: 'a:7777', endpoint: '/jobs' },
      summary: 'a:7777: one request in twenty to /jobs takes longer than 1.25s',
    }],
    silent: [requestsWithin('1', 96), { ...requestsWithin('1', 96), ...requestsWithin('1', 0, '499') }],
  },
  HighConcurrentRequests: {
    fires: [{ series: atOnce(141, 40), labels: { instance: 'a:7777' }, summary: 'a:7777: 101 requests at once, besides streams' }],
    silent: [atOnce(140, 40), atOnce(600, 550)],
  },
  APIEndpointDown: {
    fires: [{
      series: { 'up{job="taskflows-api",instance="a:7777"}': '1x20 0x20' }, labels: { job: 'taskflows-api', instance: 'a:7777' },
      summary: 'a:7777: no answer from /metrics',
    }],
    silent: [{ 'up{job="taskflows-api",instance="a:7777"}': '1x40' }, { 'up{job="loki",instance="a:3100"}': '0x40' }],
  },
  AlertsNotSent: {
    fires: [
      { series: { [alerts('failed')]: '_x25 2x20' }, labels: { channel: 'slack' }, summary: '2 alerts did not reach slack in 15 minutes' },
      { series: { [alerts('dropped')]: '0+1x40' }, labels: { channel: 'slack' }, summary: '15 alerts did not reach slack in 15 minutes' },
    ],
    silent: [{ [alerts('failed')]: '3x40' }, { [alerts('sent')]: '0+9x40', [alerts('deduplicated')]: '0+9x40', [alerts('held_back')]: '0+9x40' }],
  },
  LogShippingDown: {
    fires: [{
      series: { 'up{job="fluent-bit",instance="a:2020"}': '0x40' }, labels: { job: 'fluent-bit', instance: 'a:2020' },
      summary: 'a:2020: Fluent Bit does not answer',
    }],
    silent: [{ 'up{job="fluent-bit",instance="a:2020"}': '1x40' }, { 'up{job="fluent-bit",instance="a:2020"}': '1x27 0x20' }],
  },
}
