import { lifecycle } from '../kernel/lifecycle.ts'
import { testLifecycle } from './lifecycle-suite.ts'

testLifecycle(() => lifecycle({ start: turn, stop: turn }))

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
