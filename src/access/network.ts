/** Where a stranger comes from, as far as it is worth counting. */

/**
 * An IPv4 address as it is; of an IPv6 address its first 64 bits, since one host
 * has as many addresses below them as it likes (RFC 4291 §2.5.4).
 */
export function networkOf(address: string | undefined): string {
  if (address === undefined) return 'unknown'
  const [, mapped] = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address) ?? []
  if (mapped !== undefined || !address.includes(':')) return mapped ?? address
  const [head = '', tail = ''] = address.replace(/%.*$/, '').split('::')
  const [before, after] = [groupsOf(head), groupsOf(tail)]
  const groups = [...before, ...Array<string>(Math.max(0, 8 - before.length - after.length)).fill('0'), ...after]
  return `${groups.slice(0, 4).join(':')}::/64`
}

function groupsOf(text: string): string[] {
  return text === '' ? [] : text.split(':')
}
