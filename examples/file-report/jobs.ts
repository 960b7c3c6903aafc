/**
 * A report on a folder: one job per file reads it, and a last job, which waits for
 * all of them, writes what they found.
 *
 * Run a worker on it with `tf worker examples/file-report/jobs.ts`.
 */
import { randomUUID } from 'node:crypto'
import { mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { type JobContext, task } from 'taskflows'
import { type FileRequest, inspectFile } from './inspect-file.ts'
import { type FileFacts, renderReport } from './report.ts'

/** Reads one file. A second try cannot help a file that cannot be read, but a busy disk it can. */
export const inspect = task((request: FileRequest, { signal }: JobContext) => inspectFile(request, signal), {
  name: 'file-report.inspect', timeout: '5m', retries: { maxAttempts: 3, baseDelaySeconds: 1 },
})

/** Writes the report on the files of the jobs it waited for. */
export const write = task(async ({ root, to }: { root: string; to: string }, context: JobContext) => {
  const parents = await context.parents()
  const files = parents.map(({ result }) => result as FileFacts)
  await replaceFile(to, renderReport(root, files))
  return { report: to, files: files.length }
}, { name: 'file-report.write', retries: { maxAttempts: 3, baseDelaySeconds: 1 } })

/** Whoever reads the file sees the old text or the new one, never half of it. */
async function replaceFile(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  const draft = `${path}.${randomUUID()}.tmp`
  try {
    await using file = await open(draft, 'wx')
    await file.writeFile(text)
    await file.sync()
    await rename(draft, path)
  } catch (error) {
    await rm(draft, { force: true })
    throw error
  }
}
