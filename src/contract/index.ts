/** The contract: every operation of the product as one object. Safe for the browser. */
import { environments } from './environments.ts'
import { events } from './events.ts'
import { jobs } from './jobs.ts'
import { runs } from './runs.ts'
import { services } from './services.ts'
import { system } from './system.ts'
import { tokens } from './tokens.ts'

export const contract = { services, environments, jobs, events, runs, tokens, system }
export type TaskflowsContract = typeof contract

/** Each is a schema and, under the same name, the type of what it describes. */
export { Attempt, Job, NewJob, NewJobInBatch, TimelineEntry } from './jobs.ts'
export { EditedEnvironment, Environment } from './environments.ts'
export { Event } from './events.ts'
export { ReportedRun, Run, StoryEntry } from './runs.ts'
export { AppliedServices, ActedUnits, Service, ServiceDetails, ServicePlan } from './services.ts'
export { Backfill, BackfillDetails } from './service-backfills.ts'
export { LogLine } from './service-logs.ts'
export { ServiceDefinition } from './service-definition.ts'
export { Token } from './tokens.ts'
export { type Area, type Contract, type InputOf, type Operation, type OutputOf, type StreamBatch, type Streamed, type ValidInputOf, operation } from './operation.ts'
