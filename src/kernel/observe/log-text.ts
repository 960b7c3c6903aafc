/** Text inside log lines: cut to a length, and as JSON that is safe wherever lines are read. */

/** Cut to `max` UTF-16 code units, never through a character. A mark says how many went. */
export function cutText(text: string, max: number): string {
  if (text.length <= max) return text
  const end = isHighSurrogate(text.charCodeAt(max - 1)) ? max - 1 : max
  return `${text.slice(0, end)}...[cut, ${text.length - end} characters]`
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff
}

const plain = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/
// JSON allows them bare; some readers take them for line breaks, and terminals obey the C1 controls.
const awkward = /[\u007f-\u009f\u2028\u2029]/g

/** JSON of a string. Half surrogate pairs, which UTF-8 has no form for, become U+FFFD. */
export function jsonText(text: string): string {
  if (plain.test(text)) return `"${text}"`
  return JSON.stringify(text.toWellFormed()).replace(awkward, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** A control character is `\\u0001` in JSON. */
const longestEscape = 6

/** JSON of a string that is cut to `max` code units, and further where JSON makes it longer than `maxJson` characters. */
export function cutJson(text: string, max: number, maxJson: number): string {
  const json = jsonText(cutText(text, Math.min(max, maxJson)))
  return json.length <= maxJson + longestEscape * 10 ? json : jsonText(cutText(text, Math.min(max, Math.floor(maxJson / longestEscape))))
}
