/** The regular expression of a user, held against lines: one of JavaScript's, upper and lower case count. */
import { setFlagsFromString } from 'node:v8'
import { TaskflowsError, messageOf } from '../../kernel/errors.ts'

/** More of a line is not looked at. In characters. */
const longestText = 10_000

/** @throws `cli.usage` when the text is no pattern */
export function linePattern(label: string, pattern: string): (line: string) => boolean {
  // Nested repetitions such as (a+)+ would search for ever: V8 then changes to its engine that takes linear time,
  // which has no back references and looks neither ahead nor behind; patterns with those stay with the other.
  setFlagsFromString('--enable-experimental-regexp-engine-on-excessive-backtracks')
  const expression = compile(label, pattern)
  return (line) => expression.test(line.slice(0, longestText))
}

function compile(label: string, pattern: string): RegExp {
  try {
    return new RegExp(pattern)
  } catch (error) {
    throw new TaskflowsError('cli.usage', `${label}: expected a regular expression, got ${JSON.stringify(pattern)}: ${messageOf(error)}`)
  }
}
