import { expect, test } from 'vitest'
import { TaskflowsError } from '../../kernel/errors.ts'
import { combinedExitCode, describeError, exitCodeOf } from './errors.ts'

const paint = (_style: string, text: string) => text
const plain = { format: 'table', paint, debug: false } as const
const missing = new TaskflowsError('job.not_found', 'job 7 does not exist', { details: { id: '7' }, hint: 'tf jobs list' })
const wrongState = new TaskflowsError('job.invalid_transition', 'job 8 is SUCCEEDED')

test('the exit code is that of the error, and 1 for what nobody foresaw', () => {
  expect(exitCodeOf(missing)).toBe(4)
  expect(exitCodeOf(new TaskflowsError('server.unreachable', 'x'))).toBe(3)
  expect(exitCodeOf(new Error('x'))).toBe(1)
})

test('of several things: 0 when none failed, 7 when some did, the reason when all failed for the same', () => {
  expect(combinedExitCode(2, [])).toBe(0)
  expect(combinedExitCode(2, [missing])).toBe(7)
  expect(combinedExitCode(2, [missing, missing])).toBe(4)
  expect(combinedExitCode(2, [missing, wrongState])).toBe(7)
})

test('people read the message and the way out', () => {
  expect(describeError(missing, plain)).toBe('error: job 7 does not exist\nhint: tf jobs list')
  expect(describeError(new TaskflowsError('internal', 'a\u001b[2Jb\nc'), plain)).toContain('error: a\\x1b[2Jb\nc\n')
})

test('programs read the problem as the API would answer it', () => {
  expect(JSON.parse(describeError(missing, { ...plain, format: 'json' }))).toEqual({
    type: 'urn:taskflows:error:job.not_found', title: 'There is no such job', status: 404, detail: 'job 7 does not exist', code: 'job.not_found', details: { id: '7' }, hint: 'tf jobs list',
  })
  expect(JSON.parse(describeError(new Error('boom'), { ...plain, format: 'json' }))).toMatchObject({ code: 'internal', status: 500, detail: 'boom' })
})

test('an unexpected error says how to see where it comes from, and then shows it', () => {
  expect(describeError(new Error('boom'), plain)).toBe('error: boom\nhint: This was not expected. TASKFLOWS_LOG_LEVEL=debug shows where it comes from.')
  expect(describeError(new Error('boom', { cause: new Error('fuse') }), { ...plain, debug: true })).toMatch(/errors\.test\.ts[^]*caused by Error: fuse/)
})
