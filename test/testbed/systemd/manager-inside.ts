/**
 * A manager of systemd in a test bed, as if it were here: the adapter runs inside, where it sees what a program there
 * sees, and is asked over a pipe.
 */
import { type SpawnOptions, spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { ServiceManager, UnitChanges } from '../../../src/engines/services/service-manager.ts'
import type { ServiceScope } from '../../../src/engines/services/service-definition.ts'
import { type ErrorCode, TaskflowsError } from '../../../src/kernel/errors.ts'

/** Compiling needs no manager, and does not wait. */
export type RemoteManager = Omit<ServiceManager, 'compiler'>

type Method = Exclude<keyof RemoteManager, 'scope' | 'directory' | typeof Symbol.asyncDispose>

export interface Question {
  readonly id: number
  readonly method: Method | 'stop watching'
  readonly args: readonly unknown[]
}

export type Answer =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly item: UnitChanges }
  | { readonly id: number; readonly error: { readonly code: ErrorCode; readonly message: string; readonly details: Readonly<Record<string, unknown>>; readonly hint?: string } }

const program = join(import.meta.dirname, 'manager-inside-program.ts')

/** @param place that the program runs in: the command of a test bed */
export async function managerInside(scope: ServiceScope, place: { command(program: string, ...args: readonly string[]): readonly [string, ...string[]] }, env: NonNullable<SpawnOptions['env']>): Promise<RemoteManager> {
  const [first, ...rest] = place.command(process.execPath, '--conditions=source', program, scope)
  const child = spawn(first, rest, { env, stdio: ['pipe', 'pipe', 'inherit'] })
  const listeners = new Map<number, (answer: Answer) => void>()
  const ended = Promise.withResolvers<void>()
  child.on('close', () => ended.resolve())
  createInterface({ input: child.stdout }).on('line', (line) => {
    const answer = JSON.parse(line) as Answer
    listeners.get(answer.id)?.(answer)
  })
  let last = 0
  const send = (question: Question) => void child.stdin.write(`${JSON.stringify(question)}\n`)
  const answered = (id: number) => new Promise<unknown>((resolve, reject) => {
    listeners.set(id, (answer) => {
      listeners.delete(id)
      if ('error' in answer) reject(thrown(answer.error))
      else resolve('value' in answer ? answer.value : undefined)
    })
  })
  const ask = (method: Method) => (...args: readonly unknown[]): Promise<never> => {
    const id = last += 1
    const answer = answered(id)
    send({ id, method, args })
    return answer as Promise<never>
  }
  const directory = await answered(0) as string
  return {
    scope, directory,
    installed: ask('installed'), foreign: ask('foreign'), verify: ask('verify'), write: ask('write'), writeRuntime: ask('writeRuntime'), reload: ask('reload'), setEnabled: ask('setEnabled'),
    act: ask('act'), resetFailed: ask('resetFailed'), states: ask('states'), details: ask('details'), nextElapses: ask('nextElapses'), conditions: ask('conditions'), since: ask('since'),
    watch: async function* (signal) {
      const id = last += 1
      const told: Answer[] = []
      let wake = () => {}
      listeners.set(id, (answer) => {
        told.push(answer)
        wake()
      })
      signal.addEventListener('abort', () => send({ id: 0, method: 'stop watching', args: [id] }))
      send({ id, method: 'watch', args: [] })
      for (;;) {
        const next = told.shift()
        if (!next) await new Promise<void>((resolve) => { wake = resolve })
        else if ('item' in next) yield next.item
        else if ('error' in next) throw thrown(next.error)
        else return
      }
    },
    [Symbol.asyncDispose]: async () => {
      child.stdin.end()
      await ended.promise
    },
  }
}

function thrown({ code, message, ...options }: Extract<Answer, { error: unknown }>['error']): TaskflowsError {
  return new TaskflowsError(code, message, options)
}
