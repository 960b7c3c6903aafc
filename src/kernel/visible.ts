/**
 * Text from elsewhere, made safe for a terminal: what would move the cursor,
 * change colours, set the title or reorder the line is shown, not obeyed.
 */

// C0, DEL and C1 controls; line and paragraph separators; bidirectional marks, embeddings and isolates; lone surrogates.
const unsafe = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]|\p{Surrogate}/gu
const named: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

/** One line: line breaks are shown as `\n`. */
export function visible(text: string): string {
  return text.replace(unsafe, (char) => named[char] ?? escaped(char))
}

/** Several lines: line breaks stay. */
export function visibleLines(text: string): string {
  return text.split(/\r?\n/).map(visible).join('\n')
}

/** JSON text with the same meaning; JSON.stringify leaves some of these characters as they are. Its own line breaks stay. */
export function visibleJson(json: string): string {
  return json.replace(unsafe, (char) => (char === '\n' ? char : `\\u${hex(char, 4)}`))
}

function escaped(char: string): string {
  return char < '\u0100' ? `\\x${hex(char, 2)}` : `\\u${hex(char, 4)}`
}

function hex(char: string, digits: number): string {
  return char.codePointAt(0)!.toString(16).padStart(digits, '0')
}
