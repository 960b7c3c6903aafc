/**
 * Starts the thread that renews a worker's leases, and links it to the worker.
 */
import { Worker } from 'node:worker_threads'
import type { ClientConfig } from 'pg'
import { type FromKeeper, type KeeperLink, pulseBytes, sharedPulse } from './engines/jobs/index.ts'
import { packageModule } from './kernel/package-files.ts'
import type { LeaseThreadData } from './lease-thread.ts'

export interface KeeperThread extends KeeperLink {
  /** Resolves when the thread has ended, which it does after `tell({ kind: 'stop' })`. */
  readonly ended: Promise<void>
}

interface KeeperThreadParts {
  readonly worker: string
  readonly address: ClientConfig
  readonly schema: string
  readonly onError: (error: unknown) => void
}

export function startKeeperThread({ worker, address, schema, onError }: KeeperThreadParts): KeeperThread {
  const memory = new SharedArrayBuffer(pulseBytes)
  const data: LeaseThreadData = { worker, address, schema, memory }
  const thread = new Worker(packageModule('lease-thread'), { workerData: data, name: 'leases' })
  thread.on('error', onError)
  return {
    pulse: sharedPulse(memory),
    tell: (message) => thread.postMessage(message),
    onMessage: (listener) => { thread.on('message', (message: FromKeeper) => listener(message)) },
    ended: new Promise((resolve) => thread.once('exit', () => resolve())),
  }
}
