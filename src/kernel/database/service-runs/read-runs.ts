/** Reads runs of services for whoever writes them; `runs/` reads them for the ledger that people see. */
import type { ServiceRun } from '../../service-runs.ts'
import { repeatable } from '../database.ts'

const columns = `host, id, scope, service, state, started_at, ended_at, boot, result, exit_code, exit_signal, cpu_seconds, memory_peak_bytes, slot, reason, invoked`

/** $1 host  $2 scope  $3 service  $4 from  $5 until (epoch milliseconds) */
export const readServiceRuns = repeatable('read-service-runs', `
select ${columns} from taskflows.service_runs
where host = $1 and scope = $2 and service = $3
  and coalesce(started_at, slot) >= to_timestamp($4::float8 / 1000) and coalesce(started_at, slot) < to_timestamp($5::float8 / 1000)
order by coalesce(started_at, slot), id`)

/** $1 host  $2 scope  $3 account */
export const readRunningServices = repeatable('read-running-services', `
select ${columns} from taskflows.service_runs where state = 'running' and host = $1 and scope = $2 and account = $3 order by id`)

export interface ServiceRunRecord {
  host: string
  id: string
  scope: ServiceRun['scope']
  service: string
  state: ServiceRun['state']
  started_at: number | null
  ended_at: number | null
  boot: string | null
  result: string | null
  exit_code: number | null
  exit_signal: string | null
  cpu_seconds: number | null
  memory_peak_bytes: number | null
  slot: number | null
  reason: string | null
  invoked: boolean
}

export function serviceRunOf(row: ServiceRunRecord): ServiceRun {
  return {
    host: row.host, scope: row.scope, service: row.service,
    invocationId: row.invoked ? row.id.replaceAll('-', '') : null,
    state: row.state, startedAt: row.started_at, endedAt: row.ended_at, result: row.result, exitCode: row.exit_code, exitSignal: row.exit_signal,
    cpuSeconds: row.cpu_seconds, memoryPeakBytes: row.memory_peak_bytes, slot: row.slot, reason: row.reason,
    ...(row.boot !== null && { bootId: row.boot.replaceAll('-', '') }),
  }
}
