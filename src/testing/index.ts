/**
 * `taskflows/testing`, for tests, ours and those of users: time that obeys, databases to throw away, and the
 * promises that implementations of our interfaces must keep. Needs vitest.
 */
export type { Clock } from '../kernel/clock.ts'
export type { Lifecycle } from '../kernel/lifecycle.ts'
export { useTaskClock } from '../engines/tasks/index.ts'
export { FakeClock } from './fake-clock.ts'
export { testLifecycle } from './lifecycle-suite.ts'
export { type TestDatabase, createTestDatabase } from './test-database.ts'
