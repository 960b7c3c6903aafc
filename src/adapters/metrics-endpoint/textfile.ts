/**
 * A file with metrics for the textfile collector of node_exporter
 * (https://github.com/prometheus/node_exporter#textfile-collector): the way out
 * for what does not live long enough to be scraped. The collector reads `*.prom`
 * at any moment, so a file is put in place whole.
 */
import { renameSync, rmSync, writeFileSync } from 'node:fs'
import { TaskflowsError, messageOf } from '../../kernel/errors.ts'

/** @throws `metrics.not_written` */
export function writeTextfile(path: string, text: string): void {
  const fresh = `${path}.${process.pid}`
  try {
    writeFileSync(fresh, text)
    renameSync(fresh, path)
  } catch (error) {
    rmSync(fresh, { force: true })
    throw new TaskflowsError('metrics.not_written', `the metrics cannot be written to ${path}: ${messageOf(error)}`, { details: { path }, cause: error })
  }
}
