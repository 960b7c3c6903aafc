/** `tf import`: crontab lines and units as definitions. Exits 1 when something was refused, or says another thing than its source. */
import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { type ImportResult, type ImportedService, importServices } from '../../../import-services.ts'
import { TaskflowsError, exitCodes, messageOf } from '../../../kernel/errors.ts'
import type { Invocation, RunCommand } from '../invocation.ts'

interface Given {
  readonly source: readonly string[]
  readonly out?: string
  readonly format?: 'ts' | 'yaml'
  readonly name?: readonly string[]
  readonly scope?: 'user' | 'system'
  readonly systemFormat?: boolean
}

export const run: RunCommand = async ({ values, config, output, talk, globals }) => {
  const { source: sources, out, name: names, scope, systemFormat, format = /\.ya?ml$/.test(out ?? '') ? 'yaml' : 'ts' } = values as unknown as Given
  const result = await importServices(config, { sources, format, cwd: process.cwd(), stdin: () => text(process.stdin), ...(names && { names }), ...(scope && { scope }), ...(systemFormat !== undefined && { systemFormat }) })
  if (out !== undefined) await write(out, result.text, globals.yes)
  await output(false).item(result, { name: result.services.map(({ name }) => name).join('\n'), text: () => (out === undefined ? result.text.trimEnd() : `${resolve(out)}: ${result.services.map(({ name }) => name).join(', ')}`) })
  tell(result, out, talk)
  return result.refused.length > 0 || result.services.some(({ differences }) => differences.length > 0) ? exitCodes.error : exitCodes.ok
}

/** It may hold secrets, as its source did. */
async function write(path: string, content: string, replace: boolean): Promise<void> {
  try {
    await writeFile(path, content, { mode: 0o600, flag: replace ? 'w' : 'wx' })
  } catch (cause) {
    const exists = (cause as NodeJS.ErrnoException).code === 'EEXIST'
    throw new TaskflowsError('service.import_failed', exists ? `${path} is there already` : `${path} cannot be written: ${messageOf(cause)}`, { cause, hint: exists ? 'Name another file, or add --yes to replace it.' : 'Name another file.' })
  }
}

function tell({ services, refused }: ImportResult, out: string | undefined, talk: Invocation['talk']): void {
  for (const { from, reason } of refused) talk.warn(`${from} was not imported: ${reason}`)
  for (const { name, notes, differences } of services) {
    for (const { key, source, ours } of differences) talk.warn(`${name}: ${key} is ${ours === undefined ? 'not said' : JSON.stringify(ours)}, and ${source === undefined ? 'not said' : JSON.stringify(source)} in its source`)
    for (const note of notes) talk.note(`${name}: ${note}`)
  }
  const file = out ?? 'FILE'
  talk.note(`Imported ${services.length}, refused ${refused.length}. Next: tf check ${file}, tf plan ${file}, tf create ${file}, then ${switchOff(services)}.`)
}

function switchOff(services: readonly ImportedService[]): string {
  const units = services.filter(({ from }) => from.endsWith('.service'))
  const cron = units.length < services.length ? ['remove the lines from the crontab (crontab -e)'] : []
  const own = (scope: string) => units.filter((one) => one.scope === scope && !one.from.startsWith('taskflows-')).map(({ from }) => from)
  const disable = (['user', 'system'] as const).flatMap((scope) => (own(scope).length === 0 ? [] : [`systemctl ${scope === 'user' ? '--user ' : ''}disable --now ${own(scope).slice(0, 5).join(' ')}${own(scope).length > 5 ? ' ...' : ''}`]))
  return [...cron, ...disable].join(' and ') || 'go on from there'
}
