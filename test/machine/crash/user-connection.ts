/** A connection of a user's program to the database that the environment names. */
import pg from 'pg'
import { readAddress } from '../../../src/adapters/database/embedded/record.ts'

/** What the user keeps beside the tables of taskflows: what was ordered, and what jobs did about it. */
export const userTables = `
  create table orders (id text primary key);
  create table effects (job_id uuid, attempt integer, primary key (job_id, attempt))`

/** @throws what node-postgres throws */
export async function connectAsUser(): Promise<pg.Client> {
  const url = process.env['TASKFLOWS_DATABASE_URL']
  const address = url === undefined ? readAddress(process.env['TASKFLOWS_HOME']!) : { connectionString: url }
  if (address === null) throw new Error('there is no database yet')
  const client = new pg.Client({ ...address, connectionTimeoutMillis: 5_000 })
  // One that breaks says so by the failing query too.
  client.on('error', () => {})
  await client.connect()
  return client
}
