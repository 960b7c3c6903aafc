/** What services wrote. Loads no package. */
export type { LogLine, ServiceJournal } from './service-journal.ts'
export { type LogBatch, type LogFollowQuery, type LogPage, type LogPageQuery, type LogQuery, type ServiceLogs, createServiceLogs } from './service-logs.ts'
