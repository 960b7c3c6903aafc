/**
 * The arrows of ARCHITECTURE.md: who may import whom, and what must stay light.
 */
import { globSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { importsOf, loadedBy, withoutComments } from './testbed/import-graph.ts'

const sources = globSync('src/**/*.ts', { exclude: (path) => path.endsWith('.test.ts') }).sort()

/**
 * A room is a folder that keeps its own rules. What a room may import besides itself: rooms, folders of rooms
 * (`engines/`), or single files. Tests may import anything.
 */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  'kernel': [],
  'config.ts': ['kernel', 'config'],
  'config': ['kernel'],
  'engines/tasks': ['kernel'],
  'engines/jobs': ['kernel', 'engines/tasks/index.ts'],
  'engines/services': ['kernel', 'engines/tasks/index.ts', 'engines/tasks/modules.ts'],
  'access': ['kernel'],
  'contract': ['kernel', 'engines/jobs/vocabulary.ts', 'engines/tasks/vocabulary.ts', 'engines/services/vocabulary.ts'],
  'client': ['kernel', 'contract'],
  'operations': ['kernel', 'contract', 'engines', 'access'],
  'adapters/systemd': ['kernel', 'engines/services'],
  'adapters/service-versions': ['kernel', 'engines/services'],
  'adapters/environment-file': ['kernel', 'engines/services', 'access/private-file.ts'],
  'adapters/docker': ['kernel', 'engines/services'],
  'adapters/health-probe': ['kernel', 'engines/services'],
  'adapters/child-process': ['kernel', 'engines/tasks'],
  'adapters/database': ['kernel'],
  'adapters/alerts': ['kernel', 'access/loopback.ts', 'config/references.ts'],
  'adapters/server-reports': ['kernel', 'engines/tasks'],
  'adapters/local-run-log': ['kernel', 'engines/tasks'],
  'adapters/journal': ['kernel', 'engines/services'],
  'adapters/log-files': ['kernel'],
  'adapters/loki': ['kernel'],
  'adapters/metrics-endpoint': ['kernel', 'access/loopback.ts'],
  'adapters/opentelemetry': ['kernel', 'engines/jobs/index.ts', 'engines/tasks/index.ts'],
  'faces/api': ['kernel', 'engines/jobs/vocabulary.ts', 'contract', 'client', 'operations', 'access'],
  'faces/cli': ['kernel', 'engines/jobs/vocabulary.ts', 'contract', 'client', 'operations', 'access', 'config.ts', 'app.ts', 'care-of-database.ts', 'known-server.ts', 'run-history.ts', 'service-history.ts', 'run-export.ts', 'alerts.ts', 'api-service.ts', 'check-services.ts', 'local-services.ts', 'import-services.ts', 'service-logs.ts'],
  'app.ts': ['kernel', 'config.ts', 'engines', 'access', 'contract', 'client', 'operations', 'adapters', 'faces/api', 'diagnose.ts', 'keeper-thread.ts', 'metrics-export.ts', 'open-store.ts', 'run-records.ts', 'process-log.ts', 'server-services.ts', 'services.ts', 'service-logs.ts'],
  'open-store.ts': ['kernel', 'config.ts', 'engines', 'access', 'adapters'],
  'services.ts': ['kernel', 'config.ts', 'engines/services', 'adapters/health-probe', 'adapters/systemd', 'adapters/service-versions', 'adapters/environment-file', 'adapters/docker', 'own-program.ts', 'service-witness.ts'],
  'service-witness.ts': ['kernel', 'engines/services', 'adapters/journal'],
  'local-services.ts': ['kernel', 'config.ts', 'engines/services', 'contract', 'client', 'operations', 'services.ts', 'service-logs.ts'],
  'import-services.ts': ['kernel', 'config.ts', 'engines/services', 'adapters/systemd', 'services.ts'],
  'check-services.ts': ['kernel', 'config.ts', 'engines/services', 'adapters/systemd', 'services.ts'],
  'service-logs.ts': ['kernel', 'config.ts', 'engines/services', 'adapters/journal', 'services.ts'],
  'server-services.ts': ['kernel', 'config.ts', 'engines/services', 'adapters/journal', 'adapters/systemd', 'services.ts'],
  'api-service.ts': ['kernel', 'config.ts', 'engines/services', 'known-server.ts', 'own-program.ts', 'services.ts'],
  'own-program.ts': ['kernel', 'adapters/child-process'],
  'metrics.ts': ['kernel', 'adapters'],
  'notify.ts': ['config.ts'],
  'metrics-export.ts': ['kernel', 'adapters', 'metrics.ts'],
  'care-of-database.ts': ['kernel', 'config.ts', 'adapters'],
  'diagnose.ts': ['kernel', 'config.ts', 'access', 'diagnose', 'engines/services', 'services.ts'],
  'diagnose': ['kernel', 'config.ts', 'engines', 'access', 'adapters', 'known-server.ts'],
  'known-server.ts': ['kernel', 'config.ts', 'access', 'client/http-exchange.ts'],
  'run-records.ts': ['kernel', 'config.ts', 'engines/tasks', 'adapters/server-reports', 'adapters/local-run-log', 'known-server.ts'],
  'service-history.ts': ['kernel', 'config.ts', 'engines/services', 'adapters/journal', 'adapters/systemd', 'services.ts'],
  'run-history.ts': ['kernel', 'config.ts', 'adapters/journal', 'adapters/local-run-log'],
  'alerts.ts': ['kernel', 'engines/tasks', 'adapters/alerts', 'send-alert.ts'],
  'send-alert.ts': ['kernel', 'adapters/alerts', 'alert-delivery.ts'],
  'alert-delivery.ts': ['kernel', 'config.ts', 'adapters/alerts', 'process-log.ts'],
  'logging.ts': ['kernel', 'process-log.ts'],
  'process-log.ts': ['kernel', 'config.ts', 'adapters/log-files', 'adapters/loki'],
  'keeper-thread.ts': ['kernel', 'engines', 'lease-thread.ts'],
  'lease-thread.ts': ['kernel', 'engines', 'adapters'],
  'service-runtime.ts': ['kernel', 'config.ts', 'engines/services', 'service-logs.ts', 'services.ts'],
  'index.ts': ['kernel', 'engines', 'client', 'metrics.ts', 'service-runtime.ts', 'notify.ts', 'task-runtime.ts'],
  'run-export.ts': ['kernel', 'config.ts', 'engines/tasks', 'engines/services', 'task-runtime.ts'],
  'task-runtime.ts': ['kernel', 'config.ts', 'engines/tasks', 'adapters', 'alert-delivery.ts', 'metrics-export.ts', 'run-records.ts', 'process-log.ts'],
  'testing': ['kernel', 'engines', 'adapters', 'client', 'config.ts', 'app.ts'],
}

/** `src/engines/jobs/job.ts` -> `engines/jobs`; `src/app.ts` -> `app.ts`. */
function roomOf(file: string): string {
  const [, top = '', second = ''] = file.split('/')
  return ['engines', 'adapters', 'faces'].includes(top) ? `${top}/${second}` : top
}

function isWithin(file: string, allowed: string): boolean {
  return file === `src/${allowed}` || file.startsWith(`src/${allowed}/`)
}

/** The arrows that leave a file for another one of ours. */
const arrowsOf = (file: string) => importsOf(file).map(({ target }) => target).filter((target) => target.startsWith('src/')).map((target) => ({ file, target }))
const arrows = sources.flatMap(arrowsOf)

describe('arrows', () => {
  test('every room has a row in the table', () => {
    expect([...new Set(sources.map(roomOf))].filter((room) => !(room in mayImport))).toEqual([])
  })

  test('a file imports only what its room may', () => {
    const allowed = ({ file, target }: { file: string; target: string }) => {
      const room = roomOf(file)
      return [room, ...(mayImport[room] ?? [])].some((name) => isWithin(target, name))
    }
    expect(arrows.filter((arrow) => !allowed(arrow))).toEqual([])
  })

  test('no room leads back to itself through others', () => {
    const next = Map.groupBy(arrows.map(({ file, target }) => ({ from: roomOf(file), to: roomOf(target) })).filter(({ from, to }) => from !== to), ({ from }) => from)
    const reach = (room: string, reached = new Set<string>()): Set<string> => {
      for (const { to } of next.get(room) ?? []) if (!reached.has(to)) reach(to, reached.add(to))
      return reached
    }
    expect([...next.keys()].filter((room) => reach(room).has(room))).toEqual([])
  })
})

describe('what loads', () => {
  test('the contract loads nothing but zod, so a browser can', () => {
    expect(foreign('src/contract/index.ts')).toEqual(['zod'])
  })

  test('the library loads neither pg, zod nor fastify', () => {
    expect(foreign('src/index.ts').filter((name) => !name.startsWith('node:'))).toEqual([])
  })

  test('destinations load the SDK of nobody before they send', () => {
    expect(foreign('src/alerts.ts').filter((name) => !name.startsWith('node:'))).toEqual([])
  })

  test('the command line loads no package before it knows the command', () => {
    expect(foreign('src/faces/cli/main.ts').filter((name) => !name.startsWith('node:'))).toEqual([])
    expect([...loadedBy('src/faces/cli/main.ts')].filter((file) => isWithin(file, 'contract'))).toEqual([])
  })

  test('services of this host are reached without a package, and without the contract', () => {
    for (const entry of ['src/local-services.ts', 'src/faces/cli/commands/list-services.ts', 'src/faces/cli/commands/plan.ts']) {
      expect(foreign(entry).filter((name) => !name.startsWith('node:')), entry).toEqual([])
      expect([...loadedBy(entry)].filter((file) => isWithin(file, 'contract')), entry).toEqual([])
    }
  })

  function foreign(entry: string): string[] {
    return [...loadedBy(entry)].filter((target) => !target.startsWith('src/')).sort()
  }
})

describe('what only one place does', () => {
  const uses = (pattern: RegExp) => (file: string) => pattern.test(withoutComments(readFileSync(file, 'utf8')))

  test('only config.ts reads the environment', () => {
    expect(sources.filter(uses(/\bprocess\.env\b/))).toEqual(['src/config.ts'])
  })

  test('engines take time and chance from outside', () => {
    const engines = sources.filter((file) => isWithin(file, 'engines'))
    expect(engines.filter(uses(/\bDate\.now\(|\bnew Date\(\)|\bMath\.random\(|\bset(Timeout|Interval)\(/))).toEqual([])
  })
})
