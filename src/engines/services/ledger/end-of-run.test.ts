/** What is said of how a run ended. */
import { expect, test } from 'vitest'
import { reasonOfEnd } from './end-of-run.ts'

test.each([
  [0, 'exit code 0'], [3, 'exit code 3'], [127, 'exit code 127: what it should run was not found'], [128, 'exit code 128'], [137, 'exit code 137: what it ran was ended by SIGKILL'],
  [143, 'exit code 143: what it ran was ended by SIGTERM'], [160, 'exit code 160'], [203, 'exit code 203: systemd could not execute it'], [255, 'exit code 255'], [null, 'exit code null'],
])('an exit code of %s means: %s', (exitCode, said) => {
  expect(reasonOfEnd({ result: 'exit-code', exitCode, exitSignal: null, stopped: false })).toBe(said)
})

test('a signal is named as it is', () => {
  expect(reasonOfEnd({ result: 'signal', exitCode: null, exitSignal: 'SIGKILL', stopped: false })).toBe('killed by SIGKILL')
  expect(reasonOfEnd({ result: 'exit-code', exitCode: 143, exitSignal: null, stopped: true })).toBe('stopped by command, with exit code 143: what it ran was ended by SIGTERM')
})
