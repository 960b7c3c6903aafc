/**
 * What the very first `npm start` of a home shows: `examples/file-report` over this repository.
 *
 * A file in the home remembers that it was done, so that no later start adds jobs. The jobs are added before the
 * file is written; a start that was killed in between is recognised by the correlation id of the jobs it left.
 */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { FileRequest } from '../examples/file-report/inspect-file.ts'
import type { Client } from '../src/client/create-client.ts'
import type { TaskflowsContract } from '../src/contract/index.ts'
import { isFinished } from '../src/engines/jobs/job-state.ts'
import { jobLimits } from '../src/engines/jobs/vocabulary.ts'
import type { Talk } from '../src/faces/cli/output/talk.ts'
import { systemClock } from '../src/kernel/clock.ts'
import { TaskflowsError } from '../src/kernel/errors.ts'
import { listFiles } from './list-files.ts'

interface FirstReport {
  readonly client: Client<TaskflowsContract>
  readonly home: string
  /** What is reported on. */
  readonly root: string
  readonly talk: Talk
  /** Ends the waiting. The jobs go on at the next start. */
  readonly signal: AbortSignal
}

type ReportJob = Awaited<ReturnType<Client<TaskflowsContract>['jobs']['get']>>

const correlationId = 'first-run'
const lookEveryMs = 200

/** The job that writes the report, once it has ended; `undefined` when this home has no report, or the waiting was ended. */
export async function firstReport(first: FirstReport): Promise<ReportJob | undefined> {
  const { client, home, talk } = first
  const marker = join(home, 'first-run.json')
  if (existsSync(marker)) {
    const { job } = JSON.parse(readFileSync(marker, 'utf8')) as { job: string | null }
    return job === null ? undefined : resume(first, await find(client, job))
  }
  const left = await findLeftBehind(client)
  const job = left ?? await addToEmptyStore(first)
  writeFileSync(`${marker}.tmp`, `${JSON.stringify({ job: job?.id ?? null })}\n`, { mode: 0o600 })
  renameSync(`${marker}.tmp`, marker)
  if (!job) talk.note('There are jobs already: the example is not added')
  return left ? resume(first, left) : finish(first, job)
}

async function find(client: FirstReport['client'], id: string): Promise<ReportJob | undefined> {
  try {
    return await client.jobs.get({ id })
  } catch (error) {
    if (error instanceof TaskflowsError && error.code === 'job.not_found') return undefined
    throw error
  }
}

async function findLeftBehind(client: FirstReport['client']): Promise<ReportJob | undefined> {
  const { items } = await client.jobs.list({ correlation_id: correlationId, name: 'file-report.write', limit: 1 })
  return items[0]
}

/** One job per file and one that waits for all of them, all or none. */
async function addToEmptyStore({ client, home, root, talk }: FirstReport): Promise<ReportJob | undefined> {
  if ((await client.jobs.list({ limit: 1 })).items.length > 0) return undefined
  const files = (await listFiles(root)).slice(0, jobLimits.bulk - 1)
  const inspections = files.map((name) => ({ name: 'file-report.inspect', payload: requestFor(root, name), correlation_id: correlationId }))
  const { ids } = await client.jobs.addMany({
    items: [...inspections, { name: 'file-report.write', payload: { root, to: join(home, 'file-report.md') }, correlation_id: correlationId, after: files.map((_, at) => at) }],
  })
  talk.note(`First start: ${files.length} jobs read the files of ${root}, one more writes the report`)
  return find(client, ids.at(-1)!)
}

function requestFor(root: string, name: Buffer): FileRequest {
  const path = name.toString()
  return Buffer.from(path).equals(name) ? { root, path } : { root, path: name.toString('latin1'), encoding: 'latin1' }
}

async function resume(first: FirstReport, begun: ReportJob | undefined): Promise<ReportJob | undefined> {
  if (begun && !isFinished(begun.state)) first.talk.note(`The report of the first start is being finished: ${begun.waiting_on.length} files to go`)
  return finish(first, begun)
}

/** Waits for the end of the job, and tells how far it is. */
async function finish({ client, talk, signal }: FirstReport, begun: ReportJob | undefined): Promise<ReportJob | undefined> {
  if (!begun || isFinished(begun.state)) return begun
  const files = begun.waiting_on.length
  let told = 0
  for (let job = begun; !signal.aborted; job = await client.jobs.get({ id: begun.id })) {
    if (isFinished(job.state)) {
      talk.progress('')
      return job
    }
    const done = files - job.waiting_on.length
    talk.progress(`${done} of ${files} files read`)
    // Without a terminal there is no line to write over: a line per quarter.
    if (!process.stderr.isTTY && done - told >= files / 4) talk.note(`${told = done} of ${files} files read`)
    await systemClock.sleep(lookEveryMs, signal)
  }
  return undefined
}
