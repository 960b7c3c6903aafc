/**
 * Values that look like secrets, in an environment as it is shown: they are hidden, and one that comes back hidden
 * means the one that is kept. So what was shown can be changed and handed in again.
 */
import { looksSecret, mask } from '../define/secret-env.ts'
import { within } from '../define/reading.ts'
import type { FieldProblem } from '../../../kernel/errors.ts'
import type { WrittenEnvironment } from './named-environment.ts'

export function withMasks(environment: WrittenEnvironment): WrittenEnvironment {
  return masked('', environment) as WrittenEnvironment
}

function masked(name: string, value: unknown): unknown {
  if (typeof value === 'string') return looksSecret(name, value) ? mask : value
  if (Array.isArray(value)) return value.map((item) => masked('', item))
  return isRecord(value) ? Object.fromEntries(Object.entries(value).map(([key, of]) => [key, masked(key, of)])) : value
}

/**
 * @param before what is kept, if there is something
 * @returns `given` with what its masks stand for; a problem for each that stands for nothing, and stays
 */
export function withoutMasks(given: WrittenEnvironment, before: WrittenEnvironment | undefined): { readonly environment: WrittenEnvironment; readonly problems: readonly FieldProblem[] } {
  const problems: FieldProblem[] = []
  const unmask = (value: unknown, kept: unknown, path: string): unknown => {
    if (Array.isArray(value)) return value.map((item, at) => unmask(item, Array.isArray(kept) ? kept[at] : undefined, `${path}[${at}]`))
    if (isRecord(value)) return Object.fromEntries(Object.entries(value).map(([key, of]) => [key, unmask(of, isRecord(kept) && Object.hasOwn(kept, key) ? kept[key] : undefined, within(path, key))]))
    if (value !== mask) return value
    if (typeof kept === 'string') return kept
    problems.push({ path, message: `${mask} stands for a value that is hidden, and none is kept here` })
    return value
  }
  return { environment: unmask(given, before, '') as WrittenEnvironment, problems }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
