/** What `tf run` calls the function with, from its flags `--arg`, `--json` and `--args`. */
import { TaskflowsError } from '../../kernel/errors.ts'

export interface ArgumentFlags {
  /** `key=text` or `key:=json`. */
  readonly arg?: readonly string[]
  readonly json?: unknown
  readonly args?: unknown
}

/** @throws `cli.usage` */
export function callArguments(flags: ArgumentFlags): unknown[] {
  const given = (['arg', 'json', 'args'] as const).filter((name) => flags[name] !== undefined)
  if (given.length > 1) throw usage(`--${given[0]} and --${given[1]} both say what the function is called with: expected one of them`)
  if (flags.arg) return [objectOf(flags.arg)]
  if (flags.json !== undefined) return [flags.json]
  if (flags.args === undefined) return []
  if (Array.isArray(flags.args)) return flags.args
  throw usage(`--args: expected a JSON array, an element for each argument, got ${shortly(JSON.stringify(flags.args))}`, '--json gives one argument, of any form.')
}

function objectOf(pairs: readonly string[]): Record<string, unknown> {
  const read = new Map<string, unknown>()
  for (const pair of pairs) {
    const [, key = '', sign, text = ''] = /^([^=]*?)(:?=)([^]*)$/.exec(pair) ?? []
    if (key === '') throw usage(`--arg: expected key=text or key:=json, got ${shortly(JSON.stringify(pair))}`)
    if (read.has(key)) throw usage(`--arg: ${JSON.stringify(key)} is given twice`, `Several values are one list: --arg '${key}:=["a", "b"]'`)
    read.set(key, sign === '=' ? text : jsonOf(key, text))
  }
  return Object.fromEntries(read)
}

function jsonOf(key: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw usage(`--arg ${key}:=: expected JSON, got ${shortly(JSON.stringify(text))}`, `For text: --arg ${key}=...`)
  }
}

function shortly(text: string): string {
  return text.length > 80 ? `${text.slice(0, 80)}…` : text
}

function usage(message: string, hint?: string): TaskflowsError {
  return new TaskflowsError('cli.usage', message, hint === undefined ? {} : { hint })
}
