/**
 * Names of services, and what a dependency may be called: they become file names
 * and words in units, so only what is harmless in both is let through.
 */
import { type Problem, describe } from './reading.ts'

const allowed = /^[A-Za-z0-9_.-]+@?$/
/** With what goes around it (`restart-taskflows-NAME@INSTANCE.service`) far below the 255 bytes of systemd and of file systems. */
const longest = 150
const reserved = ['systemd', 'init', 'system', 'user']
const expected = 'expected letters, digits, dots, dashes and underscores'

/** The service that runs the server itself. Only the product defines it. */
export const serverName = 'srv-api'

/** Types of systemd.unit(5). */
const unitEnding = /\.(?:service|socket|target|timer|path|mount|automount|swap|slice|scope|device)$/
const unitName = /^[A-Za-z0-9_][A-Za-z0-9_:.@-]{0,200}$/
const instanceOfOurs = /^([A-Za-z0-9_.-]+)@([A-Za-z0-9_.:-]+)$/

/** Why it cannot be the name of a service. What could reach beyond a file of ours is unsafe. */
export function problemOfName(name: unknown): Pick<Problem, 'message' | 'unsafe' | 'hint'> | undefined {
  if (typeof name !== 'string' || name === '') return { message: `${expected}, got ${describe(name)}` }
  if (!allowed.test(name) || name.includes('..')) return { message: `${expected}, got ${describe(name)}`, unsafe: true }
  if (/^[.-]|[.-]@?$/.test(name) || name.startsWith('@')) return { message: `must not begin or end with a dot or a dash, got ${describe(name)}` }
  if (name.length > longest) return { message: `expected at most ${longest} characters, got ${name.length}` }
  if (reserved.includes(name)) return { message: `"${name}" is a word of systemd` }
  if (unitEnding.test(name)) return { message: `"${name}" ends as a unit does`, hint: `Call it ${name.replace(unitEnding, '')}.` }
  return undefined
}

/** A service of ours by name, an instance of a template of ours, or a whole unit name such as `network-online.target`. */
export function problemOfDependency(name: string): Pick<Problem, 'message' | 'unsafe' | 'hint'> | undefined {
  if (unitEnding.test(name)) return unitName.test(name) && !name.includes('..') ? undefined : { message: `expected the name of a unit, got ${describe(name)}`, unsafe: true }
  const template = instanceOfOurs.exec(name)?.[1]
  return problemOfName(template ?? name)
}
