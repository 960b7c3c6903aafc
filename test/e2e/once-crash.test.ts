/**
 * A server is killed in the middle of requests with idempotency keys, again and again; the requests are repeated, and
 * each was carried out once.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, inject, test } from 'vitest'
import { readSecurity } from '../../src/access/security-file.ts'
import { createPostgres, urlSource } from '../../src/adapters/database/postgres/index.ts'
import { createTestDatabase } from '../../src/testing/test-database.ts'
import { startTf } from '../machine/crash/program.ts'
import { ask } from './api-suite.ts'

const kills = 3
/** A server is killed when it has answered so many, with others under way. */
const answersPerKill = 40
const callers = 10

test('requests that were cut off by kill -9 and are repeated add each job once', async () => {
  await using stack = new AsyncDisposableStack()
  const home = mkdtempSync(join(tmpdir(), 'taskflows-once-crash-'))
  stack.defer(() => rmSync(home, { recursive: true }))
  const { url: databaseUrl } = stack.use(await createTestDatabase(inject('postgresUrl')))
  const database = createPostgres({ source: urlSource(databaseUrl) })
  stack.defer(() => database.close())

  const start = async () => {
    const program = stack.use(startTf(['serve'], { home, databaseUrl, env: { TASKFLOWS_LOG_LEVEL: 'error' } }))
    const [, url] = await program.saw(/listens on (http:\S+)/)
    const { secret } = readSecurity(home).hmac
    const send = (key: string) => ask({ url: url!, secret: secret! }, 'POST', '/api/v1/jobs', { body: { name: 'crash', payload: { key } }, headers: { 'idempotency-key': key } })
    return { program, send }
  }

  /** What each request was answered, or `undefined` while it was not. */
  const sent = new Map<string, string | undefined>()
  let server = await start()
  let cutOff = 0
  for (let kill = 0; kill < kills; kill += 1) {
    let answered = 0
    const caller = async (): Promise<void> => {
      for (;;) {
        const key = `k${sent.size}`
        sent.set(key, undefined)
        try {
          const { status, text } = await server.send(key)
          expect(status, text).toBe(201)
          sent.set(key, text)
          answered += 1
          if (answered === answersPerKill) server.program.signal('SIGKILL')
        } catch {
          return
        }
      }
    }
    await Promise.all(Array.from({ length: callers }, caller))
    await server.program.ended
    // As if a minute had passed, after which what was never committed may be carried out by another server.
    await database.query(`update taskflows.idempotency_keys set started_at = started_at - interval '61 seconds' where status is null`)
    server = await start()
    await Promise.all([...sent].map(async ([key, before]) => {
      const { status, text, headers } = await server.send(key)
      expect(status, text).toBe(201)
      if (before === undefined) cutOff += 1
      else expect([headers['idempotency-replayed'], text]).toEqual(['true', before])
      sent.set(key, text)
    }))
  }

  const added = await database.query<{ id: string; key: string }>(`select id, payload->>'key' as key from taskflows.jobs where name = 'crash'`)
  expect(added.map(({ key }) => key).toSorted()).toEqual([...sent.keys()].toSorted())
  for (const { id, key } of added) expect(JSON.parse(sent.get(key)!)).toMatchObject({ id })
  expect(cutOff).toBeGreaterThan(0)
}, 90_000)
