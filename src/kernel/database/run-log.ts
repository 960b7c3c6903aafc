/** The ledger of what ran, on PostgreSQL. Each act is a file of `runs/`. */
import type { RunLog } from '../runs.ts'
import type { Database } from './database.ts'
import { getRun } from './runs/get-run.ts'
import { listRuns } from './runs/list-runs.ts'
import { reportRuns } from './runs/report-runs.ts'
import { tellStory } from './runs/tell-story.ts'

export function createRunLog(database: Database): RunLog {
  return {
    list: (scope, filter, page) => listRuns(database, scope, filter, page),
    get: (scope, id) => getRun(database, scope, id),
    report: (scope, runs, by) => reportRuns(database, scope, runs, by),
    story: (scope, correlationId, limit) => tellStory(database, scope, correlationId, limit),
  }
}
