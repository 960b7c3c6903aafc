/** `tf check`: looks for mistakes in definitions, on a machine that need not have systemd. Exits 1 when there are errors. */
import type { CheckedFiles } from '../../../check-services.ts'
import { TaskflowsError, exitCodes } from '../../../kernel/errors.ts'
import type { Invocation, RunCommand } from '../invocation.ts'
import { checkText } from '../output/check-text.ts'

interface Given {
  readonly path: string
  readonly include?: readonly string[]
  readonly exclude?: readonly string[]
  readonly scope?: 'user' | 'system'
  readonly year?: number
  readonly from?: string
  readonly zone?: string
  readonly maxScore?: string
  readonly strict?: true
}

export const run: RunCommand = async (invocation) => {
  const { path, from, maxScore, strict = false, ...given } = invocation.values as unknown as Given
  if (from !== undefined && given.year !== undefined) throw new TaskflowsError('cli.usage', '--year and --from: expected one of them, got both')
  const { checkFiles } = await import('../../../check-services.ts')
  const report = await checkFiles(path, invocation.config, {
    ...given, cwd: process.cwd(), now: Date.now(), ...from !== undefined && { from: Date.parse(from) }, ...maxScore !== undefined && { maxScore: readScore(maxScore) },
  })
  for (const note of report.notes) invocation.talk.note(note)
  await print(report, invocation)
  const failing = strict ? ['error', 'warning'] : ['error']
  return report.findings.some(({ severity }) => failing.includes(severity)) ? exitCodes.error : exitCodes.ok
}

function readScore(text: string): number {
  const score = /^\d{1,2}(?:\.\d+)?$/.test(text) ? Number(text) : NaN
  if (score <= 10) return score
  throw new TaskflowsError('cli.usage', `--max-score: expected a number from 0 to 10, got ${JSON.stringify(text)}`)
}

async function print(report: CheckedFiles, { output: outputFor, globals }: Invocation): Promise<void> {
  const output = outputFor(false)
  if (globals.format === 'jsonl' || globals.format === 'name') {
    return output.page({ items: report.findings }, { name: ({ service, source }) => service ?? source ?? '-', columns: [], empty: '' })
  }
  await output.item(showReport(report), { name: '', text: () => checkText(report, output.paint, globals.format === 'wide') })
}

/** As programs read it: the names and times of the API. */
function showReport({ services, findings, year, zone }: CheckedFiles): object {
  return {
    summary: { services: services.length, errors: countOf(findings, 'error'), warnings: countOf(findings, 'warning'), advice: countOf(findings, 'advice') },
    findings,
    services: services.map(({ definition, schedules, year: own, exposure }) => ({
      name: definition.name,
      scope: definition.scope,
      source: definition.source ?? null,
      schedules: schedules.map(({ field, schedule, zone: place, nextRuns }) => ({ field, schedule, zone: place, next_runs: nextRuns.map(({ at, local }) => ({ at: iso(at), local })) })),
      year: own && {
        runs: own.runs,
        estimated: own.estimated,
        clock_changes: own.clockChanges.map((change) => ({ ...change, at: iso(change.at) })),
        overlaps: own.overlaps ? { runs: own.overlaps.runs, shortest_seconds: own.overlaps.shortest, first_at: own.overlaps.first === undefined ? null : iso(own.overlaps.first) } : null,
      },
      security: exposure,
    })),
    year: {
      from: iso(year.from), until: iso(year.until), zone, crowded_minutes: year.crowdedMinutes,
      collisions: year.collisions.map(({ at, count, services: names }) => ({ at: iso(at), count, services: names })),
    },
  }
}

function countOf(findings: CheckedFiles['findings'], wanted: string): number {
  return findings.filter(({ severity }) => severity === wanted).length
}

function iso(ms: number): string {
  return new Date(ms).toISOString()
}
