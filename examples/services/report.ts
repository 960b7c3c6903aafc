/** The function that `example-report` runs. `tf run report.ts#nightlyReport` runs it by hand. */
import { task } from 'taskflows'

export const nightlyReport = task(() => `Report of ${new Date().toDateString()}`, { name: 'nightly-report', retries: 2, timeout: '5m' })
