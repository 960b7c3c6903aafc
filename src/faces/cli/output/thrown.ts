/** What a function threw, whole: the stack, its own fields, and what caused it. */
import { inspect } from 'node:util'

/** Errors that cause each other end somewhere. */
const deepest = 8

export function thrownText(thrown: unknown, depth = 1): string {
  if (!(thrown instanceof Error)) return inspect(thrown)
  const { cause, errors } = thrown as { cause?: unknown; errors?: unknown }
  const more = (label: string, inner: unknown): string => (depth < deepest ? `\n${label} ${thrownText(inner, depth + 1)}` : '')
  return [
    thrown.stack ?? `${thrown.name}: ${thrown.message}`,
    ...fieldsOf(thrown),
    ...(Array.isArray(errors) ? errors.map((error) => more('one of', error)) : []),
    ...(cause === undefined ? [] : [more('caused by', cause)]),
  ].join('')
}

const shown = new Set(['name', 'message', 'stack', 'cause', 'errors'])

function fieldsOf(error: Error): string[] {
  const fields = Object.entries(error).filter(([name]) => !shown.has(name))
  return fields.length === 0 ? [] : [`\n${inspect(Object.fromEntries(fields))}`]
}
