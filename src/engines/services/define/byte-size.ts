/** Sizes as people write them: a plain number is bytes; `'512M'`, `'1.5GB'`, `'2 GiB'` count by 1024, as systemd does. */

const powers = 'kmgtpe'
const size = /^(\d+(?:\.\d+)?)\s*(?:([kmgtpe])(?:i?b)?|b|bytes?)?$/i

/** Whole bytes, a fraction of one left out; `undefined` when it is no size. */
export function parseByteSize(input: unknown): number | undefined {
  if (typeof input === 'number') return wholeBytes(input)
  const [, digits, power] = (typeof input === 'string' && size.exec(input.trim())) || []
  return digits === undefined ? undefined : wholeBytes(Number(digits) * 1024 ** (power === undefined ? 0 : powers.indexOf(power.toLowerCase()) + 1))
}

function wholeBytes(bytes: number): number | undefined {
  const whole = Math.floor(bytes) + 0
  return Number.isSafeInteger(whole) && whole >= 0 ? whole : undefined
}
