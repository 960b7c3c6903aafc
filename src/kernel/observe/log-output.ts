/**
 * Where lines leave the process: a file descriptor or a file, written in batches.
 *
 * The writes are synchronous. Lines then come out whole, in order, before
 * `process.exit` and after an uncaught exception, and a reader that is slow
 * slows the program, as with `console.error`, instead of filling its memory.
 * A batch is what one turn of the event loop says.
 */
import { writeSync } from 'node:fs'

export interface LogOutput {
  /** @param urgent written at once: it may be the last that the process says */
  write(text: string, urgent: boolean): void
}

const mostBuffered = 16_384
/** A function that never yields still shows what it does. */
const longestWaitMs = 100

/** @param put writes a batch, and never throws */
export function createLogOutput(put: (batch: Buffer) => void, now: () => number): LogOutput {
  let buffered = ''
  let since = 0

  const flush = (): void => {
    if (buffered === '') return
    const text = buffered
    buffered = ''
    put(Buffer.from(text))
  }
  if (flushes.size === 0) process.on('exit', flushLogOutputs)
  flushes.add(flush)

  return {
    write: (text, urgent) => {
      if (buffered === '') {
        since = now()
        if (!urgent) setImmediate(flush)
      }
      buffered += text
      if (urgent || buffered.length >= mostBuffered || now() - since >= longestWaitMs) flush()
    },
  }
}

/** Of all outputs. Also called when the process exits, where nothing planned with setImmediate comes any more. */
export function flushLogOutputs(): void {
  for (const flush of flushes) flush()
}

const flushes = new Set<() => void>()

const pauseMs = 2
const pausing = new Int32Array(new SharedArrayBuffer(4))

/** A pipe may be set not to block, by us or by whoever shares it; then it says EAGAIN while it is full. */
export function writeWhole(fd: number, bytes: Buffer): void {
  let written = 0
  while (written < bytes.length) {
    try {
      written += writeSync(fd, bytes, written)
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === 'EAGAIN') Atomics.wait(pausing, 0, 0, pauseMs)
      // Nobody reads, or the disk is full: a log must not end its program.
      else if (code !== 'EINTR') return
    }
  }
}
