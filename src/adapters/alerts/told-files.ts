/**
 * Keeps what places were told in TASKFLOWS_HOME/alerts, a file for each, so that
 * scheduled tasks, each in a process of its own, repeat no news and know of
 * recoveries. Processes that write at the same moment may tell something twice,
 * never lose a message.
 */
import { hash } from 'node:crypto'
import { renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type DeliveryState, type ToldNews } from '../../kernel/alerts/delivery-state.ts'
import type { DeliveryMemory } from '../../kernel/alerts/lane.ts'
import { messageOf } from '../../kernel/errors.ts'
import { makeDirectories } from '../../kernel/make-directories.ts'
import type { Log } from '../../kernel/observe/log.ts'
import { readText } from '../../kernel/read-text.ts'

/** A thousand topics and a thousand news with long names. */
const mostBytes = 2 * 1024 * 1024

/** Where the directory cannot be written it is kept for this process alone, and that is logged once. */
export function toldFiles(directory: string, log: Log): DeliveryMemory {
  const inMemory = new Map<string, DeliveryState>()
  let broken = false
  const pathOf = (address: string) => join(directory, `${hash('sha256', address, 'hex').slice(0, 32)}.json`)
  return {
    load: async (address) => inMemory.get(address) ?? read(pathOf(address)),
    save: async (address, state) => {
      if (broken) return void inMemory.set(address, state)
      try {
        write(pathOf(address), textOf(address, state))
      } catch (error) {
        broken = true
        inMemory.set(address, state)
        log.warn({ directory, reason: messageOf(error) }, 'what alerts were sent cannot be remembered for the next process')
      }
    },
  }
}

interface Written {
  readonly failing: readonly (readonly [string, number])[]
  readonly told: readonly (readonly [string, ToldNews])[]
  readonly sent_at: readonly number[]
  readonly held_back: readonly (readonly [string, number])[]
}

function textOf(address: string, { failing, told, sentAt, heldBack }: DeliveryState): string {
  return JSON.stringify({ address, failing: [...failing], told: [...told], sent_at: sentAt, held_back: [...heldBack] } satisfies Written & { address: string })
}

/** `undefined` also for what is no such file: then nothing was told. */
function read(path: string): DeliveryState | undefined {
  const found = readText(path, mostBytes)
  if (found === undefined || 'problem' in found) return undefined
  try {
    const { failing, told, sent_at, held_back } = JSON.parse(found.text) as Written
    return { failing: new Map(failing), told: new Map(told), sentAt: [...sent_at], heldBack: new Map(held_back) }
  } catch {
    return undefined
  }
}

/** Whole or not at all, and for this account only: topics may be anything. */
function write(path: string, text: string): void {
  const beside = `${path}.${process.pid}.new`
  makeDirectories(join(path, '..'))
  try {
    writeFileSync(beside, text, { mode: 0o600 })
    renameSync(beside, path)
  } catch (error) {
    rmSync(beside, { force: true })
    throw error
  }
}
