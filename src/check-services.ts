/**
 * Composition root of `tf check`: definitions out of files, held against this
 * machine as far as it is there. Opens neither a server, a database nor a bus.
 */
import { securityScores } from './adapters/systemd/analyze/analyze.ts'
import { unitExists } from './adapters/systemd/files/find-unit.ts'
import type { Config } from './config.ts'
import type { Finding } from './engines/services/check/check-finding.ts'
import { type CheckReport, checkServices } from './engines/services/check/check-services.ts'
import type { ServiceScope } from './engines/services/index.ts'
import { isWanted, loadDefinitions } from './engines/services/files/load-definitions.ts'
import { type FieldProblem, TaskflowsError } from './kernel/errors.ts'
import { localZone, openZone, zoneName } from './kernel/schedule/index.ts'
import { openServices } from './services.ts'

export interface CheckFilesOptions {
  readonly cwd: string
  readonly include?: readonly string[]
  readonly exclude?: readonly string[]
  /** Of services that do not say. */
  readonly scope?: ServiceScope
  /** That is simulated, from its first local day. Default the 365 days from `from`. */
  readonly year?: number
  /** Epoch milliseconds. Default `now`. */
  readonly from?: number
  /** Of calendars that name none. Default that of the machine. */
  readonly zone?: string
  readonly maxScore?: number
  /** Epoch milliseconds. */
  readonly now: number
}

export interface CheckedFiles extends CheckReport {
  readonly zone: string
  /** What was left out of the files, and why. */
  readonly notes: readonly string[]
}

/** @throws `services.none`, `cli.usage` for a zone that does not exist */
export async function checkFiles(path: string, config: Config, { cwd, include, exclude, scope, year, from, zone: given, maxScore, now }: CheckFilesOptions): Promise<CheckedFiles> {
  const zone = given === undefined ? localZone() : knownZone(given)
  const refused: Finding[] = []
  const { definitions, others, notes } = await loadDefinitions(path, {
    cwd, onRefusal: (refusal, file) => void refused.push(...findingsOf(refusal, file)), ...(include && { include }), ...(exclude && { exclude }), ...(scope && { scope }),
  })
  await using services = openServices(config)
  const { manager } = services.host
  const report = await checkServices(definitions, {
    compile: await services.compiler(),
    installed: async (scope) => (await manager(scope).installed()).map(({ service }) => service),
    unitExists: (unit, scope) => unitExists(unit, scope, manager(scope).directory),
    verify: (units, scope) => manager(scope).verify(units),
    exposures: securityScores,
  }, { others, refused: refused.flatMap(({ service }) => service ?? []), now, zone, maxScore, ...year === undefined ? { from: from ?? now, days: 365 } : yearIn(zone, year) })
  const told = refused.filter(({ service }) => service === null || isWanted(service, { ...(include && { include }), ...(exclude && { exclude }) }))
  return { ...report, findings: [...told, ...report.findings], zone, notes }
}

interface Refusal {
  readonly service?: string
  readonly place?: string
  /** Before the names of fields: `services[3]`. */
  readonly at?: string
  readonly fields?: readonly FieldProblem[]
}

/** A service or a file that could not be read: a finding for each field that is wrong. */
function findingsOf({ message, details, hint }: TaskflowsError, file: string): Finding[] {
  const { service = null, place = file, at, fields = [] } = details as Refusal
  const fieldOf = (path: string): string | null => (at !== undefined && path.startsWith(`${at}.`) ? path.slice(at.length + 1) : path) || null
  const problems = fields.length === 0 ? [{ path: '', message }] : fields
  return problems.map(({ path, message }, index) => ({ severity: 'error', check: 'definition', service, scope: null, field: fieldOf(path), source: place, message, hint: index === 0 ? hint ?? null : null }))
}

function knownZone(zone: string): string {
  const known = zoneName(zone)
  if (known !== undefined) return known
  throw new TaskflowsError('cli.usage', `--zone: expected a zone of the time zone database, got ${JSON.stringify(zone)}`, { hint: 'Name it by place, such as America/New_York, or UTC.' })
}

/** From the first local midnight to the next one. */
function yearIn(zone: string, year: number): { readonly from: number; readonly days: number } {
  const [from = Date.UTC(year, 0, 1) * 1000] = openZone(zone).instantsOf(Date.UTC(year, 0, 1) * 1000)
  return { from: from / 1000, days: (Date.UTC(year + 1, 0, 1) - Date.UTC(year, 0, 1)) / 86_400_000 }
}
