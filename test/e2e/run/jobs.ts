/** What `run.test.ts` runs. */
import { setTimeout } from 'node:timers/promises'
import { getCurrentRun, task } from '../../../src/index.ts'

export const greet = ({ who }: { who: string }) => `Hello, ${who}`
export const add = (one: number, other: number) => ({ sum: one + other })
export const nothing = () => {}
export const jobs = { base: 20, double() { return this.base * 2 }, limit: 5 }

export function fail() {
  console.log('on the way')
  throw Object.assign(new RangeError('no luck today'), { code: 'E_LUCK' })
}

let calls = 0
export const flaky = task(() => {
  calls += 1
  if (calls < 3) throw new Error(`call ${calls} failed`)
  return `call ${calls}`
}, { name: 'flaky', retries: { maxAttempts: 2, strategy: 'fixed', baseDelaySeconds: 0, jitter: 'none' } })

export async function steps() {
  for (const at of [1, 2, 3]) {
    getCurrentRun()!.progress(at, 3, `step ${at}`)
    await setTimeout(1)
  }
}

export const hang = () => setTimeout(600_000)
export const spin = () => { for (;;); }
export const pid = () => process.pid

/** Waits for nothing but its signal, and then takes its time. */
export async function tidy() {
  const { signal } = getCurrentRun()!
  // tf listens for signals once the function has yielded.
  await setTimeout(1)
  console.log('waiting')
  await new Promise((resolve) => signal.addEventListener('abort', resolve))
  await setTimeout(100)
  console.log(`tidy after ${(signal.reason as Error).message}`)
}

export function leaveOpen() {
  setInterval(() => {}, 1_000)
  return 'done'
}

// oxlint-disable-next-line import/no-default-export -- what is tested
export default () => 'by default'
