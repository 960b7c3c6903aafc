import { expect, test } from 'vitest'
import type { Caller } from '../access/roles.ts'
import { contract } from '../contract/index.ts'
import type { Area } from '../contract/operation.ts'
import { FakeClock } from '../testing/fake-clock.ts'
import { systemClock } from '../kernel/clock.ts'
import type { OperationContext } from './context.ts'
import { execute } from './execute.ts'

const viewer: Caller = { name: 'eve', role: 'viewer', tenant: null }
const context = (parts: Partial<OperationContext> = {}): OperationContext => ({ caller: viewer, clock: systemClock, ...parts }) as OperationContext

test('an operation outside the role is denied before its input is looked at', async () => {
  await expect(execute(context(), 'jobs', 'add', { nonsense: true })).rejects.toMatchObject({
    code: 'access.denied', message: 'eve (viewer) may not: Add a job; that needs jobs:write',
  })
})

test('a viewer is denied every operation that changes something', async () => {
  for (const [name, operation] of Object.entries(contract.jobs as Area).filter(([, { permission }]) => permission === 'jobs:write')) {
    expect(operation.method).not.toBe('GET')
    await expect(execute(context(), 'jobs', name, {})).rejects.toMatchObject({ code: 'access.denied' })
  }
})

test.each([['jobs', 'explode'], ['nothing', 'get'], ['__proto__', 'toString'], ['jobs', 'constructor']])('there is no operation %s.%s', async (area, name) => {
  await expect(execute(context(), area, name, {})).rejects.toMatchObject({ code: 'request.not_found' })
})

test('health gives up on a database that does not answer', async () => {
  const clock = new FakeClock()
  const asked = execute(context({ clock, system: { checkHealth: () => new Promise(() => {}), describe: () => Promise.reject(new Error('unused')) } }), 'system', 'health', {}).catch((error: unknown) => error)
  await clock.advance(3_000)
  expect(await asked).toMatchObject({ code: 'database.unreachable', message: 'the database did not answer within 3 s' })
  expect(clock.sleeping).toBe(0)
})
