/** What cannot be passed to another process: whatever the structured clone algorithm refuses. */

/** Whether a value can be passed on. */
export function clones(value: unknown): boolean {
  try {
    structuredClone(value)
    return true
  } catch {
    return false
  }
}

/** The part of a value that cannot be passed on, such as `.options.onDone is a function`; `undefined` when there is none. */
export function findUncloneable(value: unknown): string | undefined {
  return clones(value) ? undefined : find(value, '', new Set())
}

function find(value: unknown, path: string, seen: Set<unknown>): string | undefined {
  if (clones(value) || seen.has(value)) return undefined
  seen.add(value)
  if (typeof value === 'object' && value !== null) {
    for (const [key, part] of Object.entries(value)) {
      const found = find(part, Array.isArray(value) ? `${path}[${key}]` : `${path}.${key}`, seen)
      if (found !== undefined) return found
    }
  }
  return `${path || 'it'} is ${typeof value === 'object' ? `an instance of ${value?.constructor?.name ?? 'a class'}` : `a ${typeof value}`}`
}
