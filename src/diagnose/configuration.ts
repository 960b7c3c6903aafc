/** Looks at where settings come from: what cannot be used, and what is probably not meant. */
import type { Explained, Explanation } from '../config.ts'
import { type Finding, fail, ok, warn } from './finding.ts'

export function* checkConfiguration({ settings, toCome, file, unknown, problems }: Explanation): Generator<Finding> {
  for (const { message, hint } of problems) yield fail('configuration', message, hint ?? 'Correct it.')
  const given = Object.values({ ...settings, ...toCome }).filter(({ source }) => source !== 'default')
  const doubtful = [...remarkable(settings), ...remarkable(toCome)]
  for (const remark of doubtful) yield warn('configuration', remark, 'Set each once, under its present name. tf doctor --env shows them all.')
  for (const { name, meant } of unknown) yield warn('configuration', `the variable ${name} is no setting`, meant === undefined ? 'Unset it.' : `Did you mean ${meant}?`)
  if (problems.length + doubtful.length + unknown.length > 0) return
  yield ok('configuration', `${file.path} ${file.found ? 'is read' : 'does not exist, which is fine'}; ${given.length} settings differ from their defaults`)
}

function remarkable(settings: Readonly<Record<string, Explained>>): string[] {
  return Object.values(settings).flatMap(({ source, remarks }) => remarks.map((remark) => (remark.startsWith(source) ? remark : `${source === 'default' ? '' : `${source}: `}${remark}`)))
}
