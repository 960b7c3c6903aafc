/**
 * The log of a process: JSON lines on stderr for journald and pipes, short text
 * for a person at a terminal. Stdout belongs to data.
 */
import { styleText } from 'node:util'
import pino, { type DestinationStream } from 'pino'
import type { Log } from './log.ts'

/** @param level `debug`, `info`, `warn`, `error` or `silent` */
export function createConsoleLog(level: string): Log {
  const destination = process.stderr.isTTY ? terminal : pino.destination({ fd: 2, sync: true })
  return pino({ level, base: null, formatters: { level: (label) => ({ level: label }) }, timestamp: pino.stdTimeFunctions.isoTime }, destination)
}

const colours = { debug: 'gray', info: 'green', warn: 'yellow', error: 'red' } as const

const terminal: DestinationStream = {
  write: (line) => {
    const { level, time, msg, ...fields } = JSON.parse(line) as { level: keyof typeof colours; time: string; msg: string }
    const details = Object.entries(fields).map(([key, value]) => ` ${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`).join('')
    process.stderr.write(`${time.slice(11, 19)} ${styleText(colours[level] ?? 'gray', level.padEnd(5))} ${msg}${styleText('gray', details)}\n`)
  },
}

/** Passes on what was not said within the last `quietMs`; a loop that fails each round says so once. */
export function withoutRepeats(say: (message: string) => void, now: () => number, quietMs = 10_000): (message: string) => void {
  const said = new Map<string, number>()
  return (message) => {
    const at = now()
    if (at - (said.get(message) ?? -Infinity) < quietMs) return
    if (said.size > 1000) said.clear()
    said.set(message, at)
    say(message)
  }
}
