/**
 * What every Lifecycle promises, as tests: call it in the test file of whatever starts and stops.
 */
import { expect, test } from 'vitest'
import type { Lifecycle } from '../kernel/lifecycle.ts'

/** @param make a fresh subject that was not started. Every subject that is made is disposed of. */
export function testLifecycle(make: () => Lifecycle | Promise<Lifecycle>): void {
  test('a stop before any start does nothing, and it can start afterwards', async () => {
    await using subject = await make()
    await subject.stop()
    await subject.start()
    await subject.stop()
  })

  test('a second start and a second stop do nothing', async () => {
    await using subject = await make()
    await subject.start()
    await subject.start()
    await subject.stop()
    await subject.stop()
  })

  test('two stops at the same time both wait for the end', async () => {
    await using subject = await make()
    await subject.start()
    await Promise.all([subject.stop(), subject.stop()])
  })

  test('a stop during a start waits for the start and then stops', async () => {
    await using subject = await make()
    const order: string[] = []
    const started = subject.start().then(() => order.push('started'))
    const stopped = subject.stop().then(() => order.push('stopped'))
    await Promise.all([started, stopped])
    expect(order).toEqual(['started', 'stopped'])
  })

  test('disposing stops it', async () => {
    const subject = await make()
    await subject.start()
    await subject[Symbol.asyncDispose]()
    await subject.stop()
  })
}
