/** How many columns of a terminal a text takes, and how to fit it into fewer. */

// What Unicode calls wide or full-width (UAX #11), by block: Hangul Jamo, CJK with its punctuation, Hangul, full-width forms, emoji.
const wide = /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe19\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{16fe0}-\u{18aff}\u{1b000}-\u{1b2ff}\u{1f300}-\u{1f64f}\u{1f900}-\u{1f9ff}\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/u
const zero = /^[\p{Mn}\p{Me}\p{Cf}]$/u
const plain = /^[\x20-\x7e]*$/

/** For text without control characters. */
export function displayWidth(text: string): number {
  if (plain.test(text)) return text.length
  let width = 0
  for (const grapheme of graphemes(text)) width += graphemeWidth(grapheme)
  return width
}

/** At most `columns` wide; what is cut off is marked by `…`. */
export function truncate(text: string, columns: number): string {
  if (displayWidth(text) <= columns) return text
  let kept = ''
  let width = 1
  for (const grapheme of graphemes(text)) {
    width += graphemeWidth(grapheme)
    if (width > columns) break
    kept += grapheme
  }
  return `${kept}…`
}

export function padEnd(text: string, columns: number): string {
  return text + ' '.repeat(Math.max(0, columns - displayWidth(text)))
}

export function padStart(text: string, columns: number): string {
  return ' '.repeat(Math.max(0, columns - displayWidth(text))) + text
}

let segmenter: Intl.Segmenter | undefined

function* graphemes(text: string): Generator<string> {
  segmenter ??= new Intl.Segmenter()
  for (const { segment } of segmenter.segment(text)) yield segment
}

/** A family of emoji joined to one, or a letter with its marks, is as wide as what it begins with. */
function graphemeWidth(grapheme: string): number {
  const [first = ''] = grapheme
  if (zero.test(first)) return 0
  return wide.test(first) || grapheme.includes('\ufe0f') ? 2 : 1
}
