/** `tf import`: crontab lines and units as definitions. Exits 1 when something was refused, or says another thing than its source. */
import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { type ImportResult, type ImportedService, importServices } from '../../../import-services.ts'
import { TaskflowsError, exitCodes, messageOf } from '../../../kernel/errors.ts'
import type { Invocation, RunCommand } from '../invocation.ts'
import type { Output } from '../output/output.ts'

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
  await print(result, out, output(false))
  tell(result, out, talk)
  return result.refused.length > 0 || result.services.some(({ differences }) => differences.length > 0) ? exitCodes.error : exitCodes.ok
}

async function print(result: ImportResult, out: string | undefined, output: Output): Promise<void> {
  const { services, text: written } = result
  if (output.format === 'name') return output.page({ items: services }, { name: ({ name }) => name, columns: [], empty: '' })
  await output.item(result, { name: '', text: () => (out === undefined ? written.trimEnd() : `${resolve(out)}: ${services.map(({ name }) => name).join(', ')}`) })
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

const mostNamed = 10

function tell({ services, refused }: ImportResult, out: string | undefined, talk: Invocation['talk']): void {
  for (const { from, reason } of refused) talk.warn(`${from} was not imported: ${reason}`)
  for (const { name, differences } of services) {
    for (const { key, source, ours } of differences) talk.warn(`${name}: ${key} is ${ours === undefined ? 'not said' : JSON.stringify(ours)}, and ${source === undefined ? 'not said' : JSON.stringify(source)} in its source`)
  }
  // Variables of a crontab are notes on each of its lines.
  const said = Map.groupBy(services.flatMap(({ name, notes }) => notes.map((note) => ({ name, note }))), ({ note }) => note)
  for (const [note, by] of said) talk.note(`${by.slice(0, mostNamed).map(({ name }) => name).join(', ')}${by.length > mostNamed ? `, and ${by.length - mostNamed} more` : ''}: ${note}`)
  const file = out ?? 'FILE'
  talk.note(`Imported ${services.length}, refused ${refused.length}. Next: tf check ${file}, tf plan ${file}, tf create ${file}, then ${switchOff(services)}.`)
}

function switchOff(services: readonly ImportedService[]): string {
  const cron = services.some(({ from }) => !from.endsWith('.service')) ? ['remove the lines from the crontab (crontab -e)'] : []
  const own = (scope: string) => services.filter((one) => one.scope === scope).flatMap(({ units }) => units)
  const disable = (['user', 'system'] as const).flatMap((scope) => (own(scope).length === 0 ? [] : [`systemctl ${scope === 'user' ? '--user ' : ''}disable --now ${own(scope).slice(0, 5).join(' ')}${own(scope).length > 5 ? ' ...' : ''}`]))
  return [...cron, ...disable].join(' and ') || 'go on from there'
}
