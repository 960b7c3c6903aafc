/**
 * Keeps label values few. Each new value of a label makes a time series that
 * lives as long as the process, so names that users make up need a bound.
 */

/** Passes through the first `most` different names it sees; every later one becomes `other`. */
export function boundedLabel(most = 100): (name: string) => string {
  const known = new Set<string>()
  return (name) => {
    if (known.has(name)) return name
    if (known.size >= most) return 'other'
    known.add(name)
    return name
  }
}
