/**
 * What a run of vitest comes to, as JSON in the file of TASKFLOWS_TEST_REPORT: counts, and what failed with its reason,
 * also what is no test: a file that does not load, a hook, an error nobody caught. vitest's own JSON leaves out the
 * reasons of those.
 */
import { writeFileSync } from 'node:fs'
import { stripVTControlCharacters } from 'node:util'
import type { Reporter, SerializedError, TestModule, TestSuite } from 'vitest/node'

export interface Report {
  readonly passed: number
  readonly faults: readonly Fault[]
}

export interface Fault {
  /** Of tests; `null`: nobody knows. */
  readonly file: string | null
  /** Its name, and below it why. */
  readonly text: string
}

export default class FaultReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    const faults: Fault[] = unhandled.map((error) => ({ file: null, text: `an error that nobody caught\n${textOf(error)}` }))
    let passed = 0
    for (const module of modules) {
      const { relativeModuleId: file, children } = module
      const note = (name: string, errors: readonly SerializedError[]) => { if (errors.length > 0) faults.push({ file, text: [name, ...errors.map(textOf)].join('\n') }) }
      note(file, module.errors())
      for (const suite of children.allSuites()) note(`${file} > ${fullNameOf(suite)}`, suite.errors())
      for (const test of children.allTests()) {
        const { state, errors } = test.result()
        if (state === 'passed') passed += 1
        if (state === 'failed') note(`${file} > ${test.fullName}`, errors.length > 0 ? errors : [{ message: 'failed' }])
      }
    }
    writeFileSync(process.env['TASKFLOWS_TEST_REPORT']!, JSON.stringify({ passed, faults } satisfies Report))
  }
}

function fullNameOf({ fullName }: TestSuite): string {
  return `${fullName}, before or after its tests`
}

function textOf({ message, stack, diff, cause }: SerializedError & { readonly diff?: string }): string {
  const why = cause === undefined ? [] : [`because ${(cause as SerializedError).message ?? String(cause)}`]
  const difference = diff === undefined ? [] : stripVTControlCharacters(diff).split('\n').slice(0, 30)
  return [message, ...why, ...difference, ...placesIn(stack ?? '')].join('\n')
}

/** Of a stack what is in this repository and no library, as an editor opens it. */
function placesIn(stack: string): string[] {
  const ours = `${process.cwd()}/`
  const lines = stack.split('\n').filter((line) => /^\s+at /.test(line) && line.includes(ours) && !line.includes('node_modules'))
  return lines.slice(0, 4).map((line) => line.replace('file://', '').replace(ours, '').replace(/\?vitest=\d+/, ''))
}
