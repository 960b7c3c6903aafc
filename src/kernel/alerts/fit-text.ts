/** Text in the room that there is: cut, taken apart, put together. Lengths are in UTF-16 units, as Slack and Discord count. */

/** At most `maxLength`, of which the last is `…` when something is missing. A surrogate pair stays whole. */
export function cut(text: string, maxLength: number): string {
  return text.length <= maxLength ? text : `${text.slice(0, maxLength - 1).replace(/[\ud800-\udbff]$/, '')}…`
}

/** In pieces of at most `maxLength`, at spaces where there are some, never within a surrogate pair. */
export function pieces(text: string, maxLength: number): string[] {
  const parts: string[] = []
  let rest = text
  while (rest.length > maxLength) {
    const space = rest.lastIndexOf(' ', maxLength - 1)
    const pairHalved = /[\ud800-\udbff]/.test(rest[maxLength - 1]!)
    const at = space > maxLength / 2 ? space + 1 : maxLength - Number(pairHalved)
    parts.push(rest.slice(0, at))
    rest = rest.slice(at)
  }
  return rest === '' ? parts : [...parts, rest]
}

/** Puts as many parts together as `longest` allows. */
export function pack(parts: readonly string[], between: string, longest: number): string[] {
  const packed: string[] = []
  for (const part of parts) {
    const last = packed.at(-1)
    if (last !== undefined && last.length + between.length + part.length <= longest) packed[packed.length - 1] = `${last}${between}${part}`
    else packed.push(part)
  }
  return packed
}
