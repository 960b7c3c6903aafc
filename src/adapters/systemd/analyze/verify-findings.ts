/** Reads what `systemd-analyze verify` writes (252 to 257), a line per finding. Pure; `analyze.ts` runs it. */
import { basename } from 'node:path'
import type { VerifyFinding } from '../../../engines/services/service-manager.ts'

/** What works all the same, or would once something else is there. */
const harmless = [
  /is not executable/, /not found\.$/, /deprecated/i, /obsolete/, /please use .* instead/, /will be removed soon/, /unsafe, as it disables/, /this is not safe/, /units cannot be delayed/,
]
/** They only repeat that a finding above them is fatal. */
const echo = [/has a bad unit file setting/, /Unit configuration has fatal error/]

/**
 * Each once: programs that look at parts of the units may come by the same one.
 * @param units those that were asked about; what is said of others is left out
 */
export function readFindings(output: string, units: readonly string[]): readonly VerifyFinding[] {
  const known = new Set(units)
  return [...new Set(output.split('\n'))].flatMap((line) => {
    const found = readLine(line)
    if (found === undefined || echo.some((pattern) => pattern.test(line))) return []
    const unit = known.has(found.unit) ? found.unit : found.unit.replace(/@[^.]+\./, '@.')
    return known.has(unit) ? [{ ...found, unit, severity: harmless.some((pattern) => pattern.test(found.message)) ? 'warning' as const : 'error' as const }] : []
  })
}

/** `/tmp/x/a.service:3: message`, `a.service: message` */
function readLine(line: string): Omit<VerifyFinding, 'severity'> | undefined {
  const [, path, number, about] = /^(\/.+\.[a-z]+):(\d+): (.+)$/.exec(line) ?? []
  if (path !== undefined && about !== undefined) return { unit: basename(path), line: Number(number), message: about }
  const [, unit, message] = /^([^\s/]+\.[a-z]+): (.+)$/.exec(line) ?? []
  return unit === undefined || message === undefined ? undefined : { unit, message: message.replace(/^Failed to create \S+: /, '') }
}
