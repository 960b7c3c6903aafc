/** What a run of a service is called in ledgers: everybody who tells of it comes to the same id. */
import { createHash } from 'node:crypto'
import type { ServiceRun } from './service-runs.ts'

/** 32 hexadecimal digits: its invocation; without one a digest of when it was to begin, by systemd or, if that never tried, by its schedule. */
export function serviceRunId({ invocationId, host, scope, service, slot, startedAt }: ServiceRun): string {
  return invocationId ?? createHash('sha256').update(JSON.stringify([host, scope, service, startedAt ?? slot])).digest('hex').slice(0, 32)
}
