/**
 * `npm start`: the server of this home with a worker on `examples/file-report`, until Ctrl-C.
 * The first start of a home runs the example over this repository.
 */
import { once } from 'node:events'
import { join } from 'node:path'
import { serve } from '../src/app.ts'
import { type Config, explainConfig, readConfig } from '../src/config.ts'
import { connect } from '../src/faces/cli/connect.ts'
import { reportFailure } from '../src/faces/cli/failure.ts'
import { onInterruption } from '../src/faces/cli/interruption.ts'
import { createTalk } from '../src/faces/cli/output/talk.ts'
import { packageVersion } from '../src/kernel/version.ts'
import { messageOf } from '../src/kernel/errors.ts'
import { firstReport } from './first-report.ts'
import { runningServer } from './running-server.ts'

const root = join(import.meta.dirname, '..')
const talk = createTalk({ quiet: false, noColor: false })

try {
  await start({ ...readConfig(), server: null })
  process.exit()
} catch (error) {
  process.exit(reportFailure(error))
}

async function start(config: Config): Promise<void> {
  const url = await runningServer(config.home)
  if (url !== undefined) return talk.note(`taskflows already runs on ${url} (files in ${config.home})`)
  using interruption = onInterruption()
  const { signal } = interruption
  signal.addEventListener('abort', () => talk.note(`${signal.reason}: stopping; again to stop at once`))
  const server = await serve(config, { workerModules: [join(root, 'examples/file-report/jobs.ts')], onProgress: talk.note })
  try {
    talk.note(`taskflows ${packageVersion()} listens on ${server.url} (files in ${config.home})`)
    const shown = showFirstReport(config, signal)
    await Promise.race([server.failed, signal.aborted || once(signal, 'abort')])
    await shown
  } finally {
    await server.stop()
    talk.note('stopped')
  }
}

/** The server is worth having without the example: trouble with it is told and no more. */
async function showFirstReport(config: Config, signal: AbortSignal): Promise<void> {
  try {
    await using connection = await connect({ config, talk })
    const job = await firstReport({ client: connection.client, home: config.home, root, talk, signal })
    if (signal.aborted) return
    const tf = `${homePrefix(config)}npm run -s tf --`
    if (job?.state === 'SUCCEEDED') console.log(`\nThe report: ${(job.result as { report: string }).report}`)
    else if (job) talk.warn(`the job that writes the report ended ${job.state}: ${tf} jobs show ${job.id}`)
    console.log(`\nTry, in another terminal:\n\n  ${tf} jobs list --limit 5\n  ${tf} ${job ? `jobs show ${job.id}` : 'doctor'}\n  ${tf} jobs add file-report.inspect --payload '{"root":"/etc","path":"hostname"}' --wait\n\nCtrl-C stops everything.`)
  } catch (error) {
    if (!signal.aborted) talk.warn(`the example did not run: ${messageOf(error)}`)
  }
}

/** Another terminal does not know a home that was named for this command only. */
function homePrefix(config: Config): string {
  return explainConfig().settings.home.source === 'default' ? '' : `TASKFLOWS_HOME='${config.home.replaceAll("'", String.raw`'\''`)}' `
}
