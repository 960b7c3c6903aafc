/**
 * Jobs of the manager, by the object that a call answers with. The signal that one is over may come before that
 * answer, so ends are kept for as long as the watch lasts.
 */
import { type Bus, managerObject, signalsOfManager } from './bus.ts'

export interface JobWatch extends Disposable {
  /** systemd's word for how it ended; `lost` when the connection went before it did. */
  ended(job: string): Promise<string>
}

export async function watchJobs(bus: Bus): Promise<JobWatch> {
  const ends = new Map<string, string>()
  const waiting = new Map<string, (result: string) => void>()
  let lost = false
  const subscription = await bus.listen([signalsOfManager('JobRemoved')], {
    heard: ({ interface: face, member, body }) => {
      if (member !== 'JobRemoved' || face !== managerObject.interface) return
      const [, job, , result] = body as [number, string, string, string]
      ends.set(job, result)
      waiting.get(job)?.(result)
    },
    lost: () => {
      lost = true
      for (const tell of waiting.values()) tell('lost')
    },
  })
  return {
    ended: (job) => new Promise((resolve) => {
      const end = ends.get(job) ?? (lost ? 'lost' : undefined)
      if (end === undefined) waiting.set(job, resolve)
      else resolve(end)
    }),
    [Symbol.dispose]: () => subscription[Symbol.dispose](),
  }
}
