/** Lines of a text that comes in pieces: those of a piece together, so that a million of them cost little. Pure. */

/** An entry that long is none that a person reads, and is left out. In characters. */
const longestLine = 16 << 20

export async function* lineBatches(pieces: AsyncIterable<string>): AsyncGenerator<string[]> {
  let begun = ''
  let tooLong = false
  for await (const piece of pieces) {
    const end = piece.lastIndexOf('\n')
    if (end < 0) {
      tooLong ||= begun.length + piece.length > longestLine
      begun = tooLong ? '' : begun + piece
      continue
    }
    const lines = (begun + piece.slice(0, end)).split('\n')
    if (tooLong) lines.shift()
    begun = piece.slice(end + 1)
    tooLong = false
    if (lines.length > 0) yield lines
  }
  if (begun !== '' && !tooLong) yield [begun]
}
