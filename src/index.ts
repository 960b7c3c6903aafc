/** The library's face. It loads nothing but the task engine, `enqueue` and the definitions of services: no database driver, no schemas, no server. */
import { provideServices } from './engines/services/index.ts'
import { provideRuntime } from './engines/tasks/index.ts'

export {
  type AnyFunction, type AnyLogger, type CurrentRun, type Progress, type RunFacts, type RunOutcome, type Task, type TaskDecorator, type TaskFailure, type TaskFinish, type TaskHooks, type TaskOptions, type TaskResult,
  Alerts, NonRetryableError, TaskLogger, TaskTimeoutError, defineJobs, getCurrentRun, getCurrentTaskId, isTask, isTaskFailure, runTask, task,
} from './engines/tasks/index.ts'
export { type EnqueueOptions, type Enqueued, enqueue } from './engines/jobs/enqueue.ts'
export type { JobContext, ParentResult } from './engines/jobs/index.ts'
export type { SqlClient } from './engines/jobs/sql-client.ts'
export {
  type ByteSize, type CgroupOptions, type CommandInput, type DockerContainerOptions, type DockerImageOptions, type FunctionCommand, type Moment, type RestartPolicyOptions, type ScheduleInput, type ServiceDefinition, type ServiceFile, type ServiceOptions, type ServiceView, type UlimitOptions, type UnitFile, type VolumeOptions,
  CPUPressure, CPUs, Calendar, CgroupConfig, DockerContainer, DockerImage, IOPressure, Memory, MemoryPressure, Periodic, RestartPolicy, Service, ServiceRegistry, Ulimit, Venv, Volume, fromModule,
} from './engines/services/index.ts'
export type { RetryPolicy } from './kernel/backoff.ts'
export { SecurityError, TaskflowsError, ValidationError } from './kernel/errors.ts'
export { type MetricsOptions, type MetricsRegistry, type MetricsServer, type ServeMetricsOptions, serveMetrics, writeMetricsFile } from './metrics.ts'
export { type Watchdog, type WatchdogCheck, notify } from './notify.ts'

// Asked when the first task runs.
provideRuntime(async () => (await import('./task-runtime.ts')).createTaskRuntime())
// Asked when a service is first created, started or looked at.
provideServices(async () => (await import('./service-runtime.ts')).createServiceRuntime())
