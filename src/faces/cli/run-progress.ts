/** How far a function says it is, on stderr: in place on a terminal, else a line now and then. */
import type { Talk } from './output/talk.ts'

interface Progress {
  readonly done: number
  readonly total: number | null
  readonly message: string | null
}

/** Between lines where nothing can be written over, in milliseconds. The last one always comes. */
const pauseMs = 1_000

/** @param now milliseconds */
export function runProgress(talk: Pick<Talk, 'note' | 'progress'>, now: () => number, isTerminal: boolean = process.stderr.isTTY): (progress: Progress) => void {
  let saidAt = -Infinity
  return (progress) => {
    if (isTerminal) return talk.progress(progressText(progress))
    if (now() - saidAt < pauseMs && progress.done !== progress.total) return
    saidAt = now()
    talk.note(progressText(progress))
  }
}

function progressText({ done, total, message }: Progress): string {
  return `${done}${total === null ? '' : ` of ${total}`}${message === null ? '' : `: ${message}`}`
}
