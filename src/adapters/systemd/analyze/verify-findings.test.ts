import { expect, test } from 'vitest'
import { readFindings } from './verify-findings.ts'

test('each line that is about a unit of ours is a finding', () => {
  const output = `/tmp/t-1/taskflows-a.service:8: Unknown key 'Foo' in section [Service], ignoring.
taskflows-b.service: Service has no ExecStart=, ExecStop=, or SuccessAction=. Refusing.
Unit taskflows-b.service has a bad unit file setting.
/usr/lib/systemd/system/other.service:5: Unit uses KillMode=none. Support for KillMode=none is deprecated.
taskflows-w@i.timer: Timer unit lacks value setting. Refusing.
taskflows-a.service: Failed to create taskflows-a.service/start: Unit nope.service not found.
taskflows-a.service: Command /nope/x is not executable: No such file or directory
`
  expect(readFindings(output, ['taskflows-a.service', 'taskflows-b.service', 'taskflows-w@.timer'])).toEqual([
    { unit: 'taskflows-a.service', line: 8, severity: 'error', message: "Unknown key 'Foo' in section [Service], ignoring." },
    { unit: 'taskflows-b.service', severity: 'error', message: 'Service has no ExecStart=, ExecStop=, or SuccessAction=. Refusing.' },
    { unit: 'taskflows-w@.timer', severity: 'error', message: 'Timer unit lacks value setting. Refusing.' },
    { unit: 'taskflows-a.service', severity: 'warning', message: 'Unit nope.service not found.' },
    { unit: 'taskflows-a.service', severity: 'warning', message: 'Command /nope/x is not executable: No such file or directory' },
  ])
  expect(readFindings(output + output, ['taskflows-a.service', 'taskflows-b.service', 'taskflows-w@.timer'])).toHaveLength(5)
  expect(readFindings('', ['taskflows-a.service'])).toEqual([])
})
