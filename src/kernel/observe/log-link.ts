/**
 * The page of Grafana that shows the logs of one run: Explore, with the run's own
 * time and a query by its id. The labels and the id in structured metadata are
 * those that `deploy/observability` ships.
 */

export interface LoggedRun {
  readonly id: string
  /** Epoch milliseconds. */
  readonly fromMs: number
  readonly toMs: number
  readonly errorsOnly: boolean
}

/** Machines that ship logs do not agree to the second, and lines may arrive after the end. */
const marginMs = 60_000

/** @param grafana host:port or a URL */
export function logLinkFor(grafana: string): (run: LoggedRun) => string {
  const base = (grafana.includes('://') ? grafana : `http://${grafana}`).replace(/\/+$/, '')
  return ({ fromMs, toMs, ...run }) => {
    const range = { from: String(Math.floor(fromMs - marginMs)), to: String(Math.ceil(toMs + marginMs)) }
    const left = { datasource: 'loki', queries: [{ refId: 'A', expr: logQueryFor(run) }], range }
    return `${base}/explore?orgId=1&left=${encodeURIComponent(JSON.stringify(left))}`
  }
}

/** The LogQL that finds the lines of a run. A query needs one label that must be there; every shipped line has an environment. */
export function logQueryFor({ id, errorsOnly }: Pick<LoggedRun, 'id' | 'errorsOnly'>): string {
  const lines = errorsOnly ? '{environment=~".+", severity=~"ERROR|CRITICAL|FATAL"}' : '{environment=~".+"}'
  return `${lines} | task_id=${quoted(id)}`
}

/** LogQL quotes as Go does: for these characters JSON does the same. */
function quoted(text: string): string {
  return JSON.stringify(text)
}
