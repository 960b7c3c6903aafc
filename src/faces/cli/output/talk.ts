/** What `tf` says to a person, on stderr, so that stdout holds nothing but data. */
import { truncate } from '../../../kernel/display-width.ts'
import { type Paint, paintFor } from './style.ts'
import { visibleLines } from './visible.ts'

export interface Talk {
  readonly paint: Paint
  /** Silent with --quiet. */
  note(text: string): void
  warn(text: string): void
  /** One line that is written over by the next; only on a terminal. `''` removes it. */
  progress(text: string): void
}

export function createTalk({ quiet, noColor }: { readonly quiet: boolean; readonly noColor: boolean }): Talk {
  const stream = process.stderr
  const paint = paintFor(stream, noColor)
  let unfinished = false
  const progress = (text: string) => {
    if (quiet || !stream.isTTY || (text === '' && !unfinished)) return
    stream.write(`\r\x1b[2K${truncate(visibleLines(text).replaceAll('\n', ' '), (stream.columns ?? 80) - 1)}`)
    unfinished = text !== ''
  }
  const say = (text: string) => {
    progress('')
    stream.write(`${text}\n`)
  }
  return {
    paint,
    progress,
    note: (text) => {
      if (!quiet) say(visibleLines(text))
    },
    warn: (text) => say(`${paint('yellow', 'warning:')} ${visibleLines(text)}`),
  }
}
