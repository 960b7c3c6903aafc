import { expect, test } from 'vitest'
import type { Flag } from './command.ts'
import { readValues } from './read-values.ts'

const flags: readonly Flag[] = [
  { key: 'state', name: 'state', kind: 'text', choices: ['PENDING', 'RUNNING'], describe: '' },
  { key: 'queue', name: 'queue', kind: 'text', min: 1, max: 5, describe: '' },
  { key: 'priority', name: 'priority', kind: 'whole', min: -10, max: 10, describe: '' },
  { key: 'delay', name: 'delay', kind: 'duration', describe: '' },
  { key: 'run_at', name: 'run-at', kind: 'instant', describe: '' },
  { key: 'after', name: 'after', kind: 'text', many: true, describe: '' },
  { key: 'wait', name: 'wait', kind: 'switch', describe: '' },
]

const read = (key: string, ...texts: string[]) => readValues({ args: [], flags }, new Map([[key, texts]]))

test('texts become what the operation takes', async () => {
  expect(await read('state', 'running')).toEqual({ state: 'RUNNING' })
  expect(await read('priority', '-3')).toEqual({ priority: -3 })
  expect(await read('delay', '1h 30min')).toEqual({ delay: '1h 30min' })
  expect(await read('after', 'a', 'b')).toEqual({ after: ['a', 'b'] })
  expect(await read('wait')).toEqual({ wait: true })
})

test('a time has an offset, or is local', async () => {
  expect(await read('run_at', '2026-11-21T18:30:00+02:00')).toEqual({ run_at: '2026-11-21T16:30:00.000Z' })
  expect(await read('run_at', '2026-11-21 18:30')).toEqual({ run_at: new Date(2026, 10, 21, 18, 30).toISOString() })
})

test.each([
  ['state', 'runing', '--state: expected one of PENDING, RUNNING, got "runing"'],
  ['queue', ' ', '--queue: expected some text, got " "'],
  ['queue', 'abcdef', '--queue: expected at most 5 characters, got "abcdef"'],
  ['priority', '11', '--priority: expected a whole number from -10 to 10, got "11"'],
  ['priority', '1.5', '--priority: expected a whole number from -10 to 10, got "1.5"'],
  ['priority', '', '--priority: expected a whole number from -10 to 10, got ""'],
  ['delay', 'soon', '--delay: expected seconds, or a duration such as 5m or 1h30m, got "soon"'],
  ['delay', '-5', '--delay: expected seconds, or a duration such as 5m or 1h30m, got "-5"'],
  ['run_at', '2026-02-30 10:00', '--run-at: expected a time such as 2026-11-21T18:30:00Z, or 2026-11-21 18:30 in local time, got "2026-02-30 10:00"'],
  ['run_at', '2026-13-05', '--run-at: expected a time such as 2026-11-21T18:30:00Z, or 2026-11-21 18:30 in local time, got "2026-13-05"'],
  ['run_at', 'tomorrow', '--run-at: expected a time such as 2026-11-21T18:30:00Z, or 2026-11-21 18:30 in local time, got "tomorrow"'],
])('--%s %j is refused with what was expected', async (key, text, message) => {
  await expect(read(key, text)).rejects.toMatchObject({ code: 'cli.usage', message })
})
