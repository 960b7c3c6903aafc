/** The floor: a Fastify route that reads one job from the same store, with nothing around it. Run by `bench.ts` over IPC. */
import Fastify from 'fastify'
import { createPostgres, urlSource } from '../../src/adapters/database/postgres/index.ts'
import { createJobs, hotSettings } from '../../src/engines/jobs/index.ts'
import { systemClock } from '../../src/kernel/clock.ts'
import { readDatabaseClock } from '../../src/kernel/database/database-clock.ts'
import { everyTenant } from '../../src/kernel/scope.ts'

const database = createPostgres({ source: urlSource(process.argv[2]!) })
const hot = createPostgres({ source: urlSource(process.argv[2]!), settings: hotSettings, max: 5 })
const jobs = createJobs({ database, hot, time: await readDatabaseClock(database, systemClock) })
const app = Fastify()
app.route<{ Params: { id: string } }>({ method: 'GET', url: '/jobs/:id', handler: async (request) => jobs.get(everyTenant, request.params.id) })
await app.listen({ host: '127.0.0.1', port: 0 })
process.send!({ port: (app.server.address() as { port: number }).port })
