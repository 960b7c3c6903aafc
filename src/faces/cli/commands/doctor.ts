/** `tf doctor`: prints what `diagnose.ts` finds, and with `--env` the settings. */
import { type Explained, type Explanation, explainConfig, fileKey, settings, settingsToCome } from '../../../config.ts'
import { exitCodes } from '../../../kernel/errors.ts'
import type { Invocation, RunCommand } from '../invocation.ts'
import type { Listing } from '../output/output.ts'
import type { Style } from '../output/style.ts'
import { visible } from '../output/visible.ts'

type Status = 'ok' | 'warn' | 'fail' | 'skipped'

/** Of one width, so that what follows begins in one column. */
const labels: Readonly<Record<Status, { readonly text: string; readonly style: Style }>> = {
  ok: { text: 'ok  ', style: 'green' }, warn: { text: 'warn', style: 'yellow' }, fail: { text: 'fail', style: 'red' }, skipped: { text: 'skip', style: 'dim' },
}

export const run: RunCommand = async (invocation) => {
  const explanation = explainConfig(invocation.configFlags)
  return invocation.values['env'] === true ? printSettings(invocation, explanation) : examine(invocation, explanation)
}

async function examine({ values, output: outputFor }: Invocation, explanation: Explanation): Promise<number> {
  const { audit, diagnose } = await import('../../../app.ts')
  const output = outputFor(true)
  let failed = false
  for await (const finding of values['security'] === true ? audit(explanation, '.') : diagnose(explanation)) {
    const { check, status, found, mend } = finding
    failed ||= status === 'fail'
    const text = () => `${output.paint(labels[status].style, labels[status].text)}  ${visible(check)}: ${visible(found)}${mend ? `\n      ${visible(mend)}` : ''}`
    await output.item(finding, { name: check, text })
  }
  await output.end()
  return failed ? exitCodes.error : exitCodes.ok
}

interface ShownSetting {
  /** As config.yaml has it. */
  readonly setting: string
  readonly value: unknown
  readonly source: string
  readonly env: string
  readonly older_env: readonly string[]
  /** Whether anything goes by it. */
  readonly used: boolean
  readonly remarks: readonly string[]
  readonly describe: string
}

const settingListing: Listing<ShownSetting> = {
  name: ({ setting }) => setting,
  empty: 'There are no settings.',
  columns: [
    { header: 'SETTING', value: ({ setting }) => setting },
    { header: 'VALUE', value: ({ value }) => (value === null ? null : Array.isArray(value) ? value.join(', ') : String(value)), flexible: true },
    { header: 'FROM', value: ({ source }) => source, flexible: true },
    { header: 'VARIABLE', value: ({ env }) => env },
    { header: 'REMARKS', value: ({ used, remarks }) => [...(used ? [] : ['not used yet']), ...remarks].join('; ') || null, flexible: true },
    { header: 'MEANING', value: ({ describe }) => describe, flexible: true },
  ],
  moreColumns: [{ header: 'OLDER NAMES', value: ({ older_env }) => older_env.join(', ') || null }],
}

/** Secrets are named, never shown. Exits 1 when a setting cannot be used. */
async function printSettings({ output, talk }: Invocation, { settings: explained, toCome, unknown, problems }: Explanation): Promise<number> {
  const items = [...shown(settings, explained, true), ...shown(settingsToCome, toCome, false)]
  await output(false).page({ items, next_cursor: null }, settingListing)
  for (const { name, meant } of unknown) talk.warn(`the variable ${name} is no setting${meant === undefined ? '' : `: did you mean ${meant}?`}`)
  for (const { message } of problems) talk.warn(message)
  return problems.length > 0 ? exitCodes.error : exitCodes.ok
}

type Table = Readonly<Record<string, { readonly env: string; readonly older?: readonly string[]; readonly describe: string }>>

function shown(table: Table, explained: Readonly<Record<string, Explained>>, used: boolean): ShownSetting[] {
  return Object.entries(table).map(([name, { env, older = [], describe }]) => {
    const { shown: value, source, remarks } = explained[name]!
    return { setting: fileKey(name), value, source, env, older_env: older, used, remarks, describe }
  })
}
