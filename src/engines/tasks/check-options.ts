/** What a TypeError about options says: the value as a person knows it, and the name that was probably meant. */
import { inspect } from 'node:util'
import { nearest } from '../../kernel/nearest.ts'

/** A refused value in few words. */
export function describeValue(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value === 'function') return /^class\b/.test(Function.prototype.toString.call(value)) ? `the class ${value.name}` : 'a function'
  if (typeof value === 'object' && value !== null) return inspect(value, { depth: 0, breakLength: Infinity, maxArrayLength: 3 })
  return String(value)
}

/** @throws TypeError that names the first unknown option, and the known one it is near to */
export function refuseUnknown(what: string, given: object, known: readonly string[]): void {
  for (const name of Object.keys(given)) {
    if (known.includes(name)) continue
    const meant = nearest(name, known)
    throw new TypeError(`Expected ${what === '' ? 'the options of a task' : `\`${what}\``} to have ${known.join(', ')}, got \`${name}\`${meant === undefined ? '' : `; did you mean \`${meant}\`?`}`)
  }
}
