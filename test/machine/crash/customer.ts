/** A user's program: each order and the job about it are one transaction, which it commits or rolls back. */
import { setTimeout as pause } from 'node:timers/promises'
import { enqueue } from '../../../src/index.ts'
import { note } from './ledger.ts'
import { connectAsUser } from './user-connection.ts'

const breathMs = 50
/** How long a transaction stays open at most. */
const longestMs = 200
let count = 0

async function order(client: Awaited<ReturnType<typeof connectAsUser>>): Promise<void> {
  const id = `order-${process.pid}-${(count += 1)}`
  await client.query('begin')
  await client.query('insert into orders values ($1)', [id])
  await enqueue(client, 'quick', { order: id }, { maxAttempts: 50, correlationId: id })
  await pause(Math.random() * longestMs)
  const keeps = Math.random() < 0.7
  await client.query(keeps ? 'commit' : 'rollback')
  note(keeps ? 'committed' : 'rolled-back', id)
}

console.log('runs')
for (;;) {
  try {
    const client = await connectAsUser()
    for (;;) {
      await order(client)
      await pause(breathMs)
    }
  } catch {
    // The order in flight is there with its job, or neither is; the next has another number.
    await pause(breathMs)
  }
}
