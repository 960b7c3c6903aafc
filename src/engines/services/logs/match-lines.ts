/**
 * The regular expression of somebody, held against lines: one of JavaScript's,
 * upper and lower case count. Whatever it is, it takes no more than its time:
 * `(a+)+` would search for ever else, and a server has other callers.
 */
import { Script, createContext } from 'node:vm'
import { invalidFields, messageOf } from '../../../kernel/errors.ts'

/** More of a line is not looked at. In characters. */
const longestText = 10_000
/** How long it may take with a batch of lines, which is some hundred. */
const patienceMs = 250

/** @throws `request.invalid` when the text is no pattern; what it returns throws the same when the pattern takes too long */
export function lineMatcher(pattern: string): (texts: readonly string[]) => readonly boolean[] {
  const expression = compile(pattern)
  // In a context, since only there V8 can be told to stop; it holds nothing but these two.
  const context = createContext({ expression, texts: [] as readonly string[] })
  return (texts) => {
    context['texts'] = texts.map((text) => text.slice(0, longestText))
    try {
      return matchAll.runInContext(context, { timeout: patienceMs }) as boolean[]
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error
      throw refused(pattern, `takes longer than ${patienceMs} ms on some lines; repetitions within repetitions such as (a+)+ do`)
    }
  }
}

const matchAll = new Script('texts.map((text) => expression.test(text))')

function compile(pattern: string): RegExp {
  try {
    return new RegExp(pattern)
  } catch (error) {
    throw refused(pattern, messageOf(error))
  }
}

function refused(pattern: string, why: string): Error {
  return invalidFields([{ path: 'grep', message: `expected a regular expression, got ${JSON.stringify(pattern)}: ${why}` }])
}
