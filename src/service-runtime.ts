/** What `Service` acts through, in any process: the services of this host and their journal. Loaded when something is first done. */
import type { ServiceRuntime } from './engines/services/library/service-runtime.ts'
import { readConfig } from './config.ts'
import { readLastLines } from './service-logs.ts'
import { openServices } from './services.ts'

export function createServiceRuntime(): ServiceRuntime {
  return {
    open: () => openServices(),
    readLog: async (service, scope, lines) => {
      const entries = await readLastLines(readConfig(), scope, service, lines)
      return entries.map(({ at, message }) => `${new Date(at).toISOString()} ${message}\n`).join('')
    },
  }
}
