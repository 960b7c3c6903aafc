/** A user's program: writes an order and enqueues a job in one transaction, and says how far it is. Killed by its test. */
import pg from 'pg'
import { enqueue } from '../../../src/index.ts'

const client = new pg.Client({ connectionString: process.env['TASKFLOWS_DATABASE_URL'] })
await client.connect()
await client.query('begin')
const { rows: [order] } = await client.query<{ id: number }>('insert into orders default values returning id')
await enqueue(client, 'pay', {}, { correlationId: `order-${order!.id}` })
console.log(`enqueued ${order!.id}`)
if (process.argv[2] === 'commit') {
  await client.query('commit')
  console.log(`committed ${order!.id}`)
}
await new Promise(() => { setInterval(() => {}, 1_000) })
