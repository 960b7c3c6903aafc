/** The line that tells the most memory of a run. That it does is for `test/machine/service-reboot.test.ts`. */
import { expect, test } from 'vitest'
import { compileHost } from '../../../../test/testbed/compile-host.ts'
import type { ServiceDefinition } from '../../../engines/services/service-definition.ts'
import { compileService } from './compile-service.ts'
import { isPeakLine, peakLine } from './measure-peak.ts'

const definition: ServiceDefinition = {
  name: 'web', scope: 'user', type: 'exec', startCommand: { kind: 'program', argv: ['/bin/true'] }, enabled: false, stopTimeout: 120, killSignal: 'SIGTERM', onChange: 'restart', hardening: 'none',
  execStopPost: [{ kind: 'program', argv: ['/bin/echo', 'over'] }],
}
const linesOf = (given: ServiceDefinition, peakLogger: string | undefined) => compileService(given, compileHost(given.scope, { peakLogger })).units[0]!.text.split('\n').filter((line) => line.startsWith('ExecStopPost='))

test('stands before what the definition says, and only where a machine needs it', () => {
  const [own, ...rest] = linesOf(definition, '/usr/bin/logger')
  expect([own, rest]).toEqual([`ExecStopPost=${peakLine('user', '/usr/bin/logger')}`, ['ExecStopPost=/bin/echo over']])
  expect(linesOf(definition, undefined)).toEqual(['ExecStopPost=/bin/echo over'])
})

test('is not that of a container, which is of another group', () => {
  const { execStopPost: _post, ...plain } = definition
  expect(linesOf({ ...plain, environment: { kind: 'docker', image: 'app:1', persisted: false, pull: 'missing' } }, '/usr/bin/logger').filter(isPeakLine)).toEqual([])
})

test('is believed in system scope since only root may write it', () => {
  expect(peakLine('system', '/usr/bin/logger')).toMatch(/^-\+\/bin\/sh -c ".*" %n \/usr\/bin\/logger ""$/)
  expect(peakLine('user', '/usr/bin/logger')).toMatch(/^-\/bin\/sh -c ".*" %n \/usr\/bin\/logger USER_$/)
})
