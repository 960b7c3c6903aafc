/**
 * Writes the dashboards of Grafana. `test/observability/dashboards.test.ts`
 * fails when one is older than the panels or the metrics that it is made from.
 *
 *   node --conditions=source scripts/dashboards.ts
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { dashboardJson } from './dashboards/dashboard.ts'
import { jobs } from './dashboards/jobs.ts'
import { overview } from './dashboards/overview.ts'
import { serviceLogs } from './dashboards/service-logs.ts'
import { tasks } from './dashboards/tasks.ts'

const root = join(import.meta.dirname, '..')

/** Path and text of every dashboard. */
export function dashboards(): ReadonlyMap<string, string> {
  return new Map([overview, jobs, tasks, serviceLogs].map((options) => [
    `deploy/observability/grafana/dashboards/${options.title.toLowerCase().replaceAll(' ', '-')}.json`, dashboardJson(options),
  ]))
}

if (import.meta.main) for (const [path, text] of dashboards()) writeFileSync(join(root, path), text)
