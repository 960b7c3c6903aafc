/** `tf doctor`. */
import { explainConfig, settings } from '../../../config.ts'
import { exitCodes } from '../../../kernel/errors.ts'
import type { Invocation, RunCommand } from '../invocation.ts'
import type { Listing } from '../output/output.ts'
import type { Style } from '../output/style.ts'
import { visible } from '../output/visible.ts'

type Status = 'ok' | 'warn' | 'fail'

const statusStyles: Readonly<Record<Status, Style>> = { ok: 'green', warn: 'yellow', fail: 'red' }

export const run: RunCommand = (invocation) => (invocation.values['env'] === true ? printSettings(invocation) : examine(invocation))

async function examine({ config, output: outputFor }: Invocation): Promise<number> {
  const { diagnose } = await import('../../../app.ts')
  const output = outputFor(true)
  let failed = false
  for await (const finding of diagnose(config)) {
    const { check, status, found, mend } = finding
    failed ||= status === 'fail'
    const text = () => `${output.paint(statusStyles[status], status.padEnd(4))}  ${visible(check)}: ${visible(found)}${mend ? `\n      ${visible(mend)}` : ''}`
    await output.item(finding, { name: check, text })
  }
  await output.end()
  return failed ? exitCodes.error : exitCodes.ok
}

interface ExplainedSetting {
  readonly setting: string
  readonly value: unknown
  readonly source: string
  readonly env: readonly string[]
  readonly describe: string
}

const settingListing: Listing<ExplainedSetting> = {
  name: ({ setting }) => setting,
  empty: 'There are no settings.',
  columns: [
    { header: 'SETTING', value: ({ setting }) => setting },
    { header: 'VALUE', value: ({ value }) => (value === null ? null : String(value)), flexible: true },
    { header: 'FROM', value: ({ source }) => source },
    { header: 'VARIABLE', value: ({ env }) => env.join(', ') },
    { header: 'MEANING', value: ({ describe }) => describe, flexible: true },
  ],
}

/** Secrets are named, never shown. */
function printSettings({ output }: Invocation): Promise<void> {
  const items = Object.entries(explainConfig()).map(([setting, { value, source }]): ExplainedSetting => {
    const { env, describe, ...declared } = settings[setting as keyof typeof settings]
    return { setting, value: 'secret' in declared && value !== null ? '(set, not shown)' : value, source, env, describe }
  })
  return output(false).page({ items, next_cursor: null }, settingListing)
}
