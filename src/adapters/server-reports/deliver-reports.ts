/** Brings reports to the server, and says once what is wrong when that does not work. */
import type { RunReport } from '../../engines/tasks/run-report.ts'
import { messageOf } from '../../kernel/errors.ts'
import type { Log } from '../../kernel/observe/log.ts'
import type { PostReports, ReportServer } from './post-reports.ts'

export interface Delivery {
  /** Whether the server has taken them all, but for those that it refused. When not, the same may be delivered again. */
  deliver(reports: readonly RunReport[]): Promise<boolean>
  /** Says once, until the server takes something again, why reports are kept. */
  complain(reason: string): void
  /** Counts reports that are lost, and says so the first time. */
  drop(count: number, reason: string): void
  readonly dropped: number
}

export interface DeliveryParts {
  /** Asked before each request: a server may move, and change its secret. `undefined`: there is none at present. */
  readonly findServer: () => ReportServer | undefined
  readonly post: PostReports
  readonly log: Log
}

export function createDelivery({ findServer, post, log }: DeliveryParts): Delivery {
  let dropped = 0
  let complaint = ''
  const complain = (reason: string) => {
    if (reason !== complaint) log.warn({ reason }, 'runs cannot be reported to the server; they are kept until it takes them')
    complaint = reason
  }
  const drop = (count: number, reason: string) => {
    if (count === 0) return
    if (dropped === 0) log.warn({ reason }, 'a report of a run to the server is given up; further ones are only counted')
    dropped += count
  }
  /** A secret that cannot be read now may be mended. */
  const look = () => {
    try {
      return findServer()
    } catch (error) {
      complain(messageOf(error))
      return undefined
    }
  }
  const deliver = async (reports: readonly RunReport[]): Promise<boolean> => {
    const server = look()
    if (server === undefined) return false
    const verdict = await post(server, reports)
    switch (verdict.kind) {
      case 'accepted':
        complaint = ''
        return true
      case 'later':
        complain(`${server.url}: ${verdict.reason}`)
        return false
      case 'refused':
        if (reports.length > 1) return (await deliver(reports.slice(0, reports.length / 2))) && (await deliver(reports.slice(reports.length / 2)))
        drop(1, `${server.url}: ${verdict.reason}`)
        return true
      default:
        return verdict satisfies never
    }
  }
  return {
    deliver, complain, drop,
    get dropped() {
      return dropped
    },
  }
}
