/** Tasks whose effects are rows of the same database, and which say on stdout how far they are. */
import pg from 'pg'
import { type JobContext, task } from '../../../src/index.ts'

const say = (what: string, { job }: JobContext): void => console.log(`${what} ${job.id} ${job.attempt}`)

/** On connections of its own (APP_DATABASE_URL, if that is another role's): writes its effect and completes itself in one transaction; its first attempt hangs where it was told to. */
export const pay = task(async ({ hang }: { hang?: 'before' | 'after' }, context: JobContext) => {
  const client = new pg.Client({ connectionString: process.env['APP_DATABASE_URL'] ?? process.env['TASKFLOWS_DATABASE_URL'] })
  await client.connect()
  try {
    await client.query('begin')
    await client.query('insert into effects values ($1, $2)', [context.job.id, context.job.attempt])
    await context.completeInTransaction(client)
    await hangAt('before', hang, context)
    await client.query('commit')
    await hangAt('after', hang, context)
  } finally {
    await client.end()
  }
}, { name: 'pay' })

async function hangAt(here: 'before' | 'after', hang: string | undefined, context: JobContext): Promise<void> {
  if (hang !== here || context.job.attempt > 1) return
  say(here, context)
  await new Promise(() => {})
}
