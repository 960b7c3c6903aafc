/** `tf serve`. */
import { isLoopbackName } from '../../../access/loopback.ts'
import { serve } from '../../../app.ts'
import type { RunCommand } from '../invocation.ts'
import { runUntilStopped } from '../run-until-stopped.ts'
import { packageVersion } from '../../../kernel/version.ts'

interface ServeValues {
  readonly workerModules?: readonly string[]
  readonly queues?: readonly string[]
  readonly concurrency?: number
}

export const run: RunCommand = ({ values, config, talk }) => {
  const { workerModules = [], queues, concurrency } = values as ServeValues
  return runUntilStopped(
    talk,
    () => serve(config, { workerModules, ...(queues && { queues }), ...(concurrency && { concurrency }), onProgress: talk.note }),
    ({ url, home }) => {
      talk.note(`taskflows ${packageVersion()} listens on ${url} (files in ${home})`)
      if (url.startsWith('http:') && !isLoopbackName(config.host)) talk.warn(`others reach ${config.host} without TLS: whoever is on the way can read and change what is said. tf api security certificate makes a certificate`)
      talk.note(workerModules.length > 0 ? `A worker runs the tasks of ${workerModules.join(', ')}` : 'No worker runs here: start one with tf worker MODULE, or tf serve --worker MODULE')
      talk.note('Ctrl-C stops it')
    },
  )
}
