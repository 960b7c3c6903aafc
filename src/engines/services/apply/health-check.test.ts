import { expect, test } from 'vitest'
import { FakeClock } from '../../../testing/fake-clock.ts'
import type { HealthProbe } from '../host.ts'
import type { ServiceDefinition } from '../service-definition.ts'
import { untilHealthy } from './health-check.ts'

const definition: ServiceDefinition = {
  name: 'web', scope: 'user', type: 'exec', startCommand: { kind: 'program', argv: ['/bin/true'] }, enabled: true, stopTimeout: 120, killSignal: 'SIGTERM', onChange: 'restart', hardening: 'none',
  healthCheck: { kind: 'tcp', port: 1, within: 10, interval: 4, timeout: 3 },
}
const cutShort: HealthProbe = (_definition, signal) => new Promise((resolve) => { signal.addEventListener('abort', () => resolve('took too long')) })

/** @param probes for each look, the last one for all that follow */
async function told(...probes: readonly HealthProbe[]): Promise<string | null> {
  const clock = new FakeClock(0)
  let look = -1
  const result = untilHealthy(definition, { clock, probe: (...given) => probes[Math.min(look += 1, probes.length - 1)]!(...given), unitProblem: async () => null })
  for (let second = 0; second < 20; second += 1) await clock.advance(1_000)
  return result
}

test('the last look is told', async () => {
  expect(await told(async () => 'answered 500', async () => 'answered 503')).toBe('is not well 10 s after its start: answered 503')
})

test('but for one that the end of the time cut short, where there was another', async () => {
  // The third look begins after 8 s, and has 2 of its 3 s.
  expect(await told(async () => 'answered 500', async () => 'answered 503', cutShort)).toBe('is not well 10 s after its start: answered 503')
  expect(await told(cutShort)).toBe('is not well 10 s after its start: took too long')
})

test('one that had its whole time is told', async () => {
  expect(await told(async () => 'answered 503', cutShort)).toBe('is not well 10 s after its start: took too long')
})

test('what becomes well in time is well', async () => {
  expect(await told(async () => 'answered 503', async () => null)).toBeNull()
})
