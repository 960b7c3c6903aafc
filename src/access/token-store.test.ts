import { afterAll, beforeAll, beforeEach, expect, inject, test } from 'vitest'
import { createPostgres, urlSource } from '../adapters/database/postgres/index.ts'
import { systemClock } from '../kernel/clock.ts'
import { type DatabaseClock, readDatabaseClock } from '../kernel/database/database-clock.ts'
import type { Database } from '../kernel/database/database.ts'
import { everyTenant } from '../kernel/scope.ts'
import { type TestDatabase, createTestDatabase } from '../testing/test-database.ts'
import { createTokenStore } from './token-store.ts'
import { type NewToken, type TokenStore, callerOf, hashOf } from './tokens.ts'

let store: TestDatabase
let database: Database
let time: DatabaseClock
let tokens: TokenStore
beforeAll(async () => {
  store = await createTestDatabase(inject('postgresUrl'))
  database = createPostgres({ source: urlSource(store.url) })
  time = await readDatabaseClock(database, systemClock)
  tokens = createTokenStore(database, time)
})
afterAll(async () => {
  await database.close()
  await store[Symbol.asyncDispose]()
})
beforeEach(async () => { await database.query('truncate taskflows.tokens, taskflows.events') })

const ada = { name: 'ada' }
const acme = { tenant: 'acme' }
const create = (name: string, { tenant = null, ...rest }: Partial<NewToken> = {}) =>
  tokens.create(everyTenant, { name, role: 'operator', tenant, rateLimit: null, expiresInMs: null, ...rest }, ada)
const expire = (id: string) => database.query(`update taskflows.tokens set expires_at = taskflows.now() - interval '1 ms' where id = $1`, [id])
const rows = () => database.query<{ text: string; hash: string }>(`select t::text as text, encode(hash, 'hex') as hash from taskflows.tokens t`)
const facts = () => database.query(`select type, subject, tenants, names, ids, actor, data from taskflows.events order by seq`)

/** Resolves when it is written that the token was used in this minute, or in any. */
async function usedAt(id: string, minute?: number): Promise<void> {
  for (let at: number | null = null; at === null || (minute !== undefined && at !== minute);) {
    at = (await database.query<{ last_used_at: number | null }>('select last_used_at from taskflows.tokens where id = $1', [id]))[0]!.last_used_at
  }
}

/** The same database, at a moment that does not pass. */
function frozenAt(now: string): Database {
  return createPostgres({ source: urlSource(store.url), settings: { 'tf.now': now } })
}

function countCalls(over: Database): Database & { readonly calls: number } {
  let calls = 0
  const query = (...call: Parameters<Database['query']>) => {
    calls += 1
    return over.query(...call)
  }
  return { ...over, query: query as Database['query'], get calls() { return calls } }
}

test('a token is found by its credential, of which only the hash is kept', async () => {
  const { token, credential } = await create('ci', { role: 'admin', rateLimit: 5, expiresInMs: 60_000 })
  expect(credential).toMatch(/^tfk_[\w-]{43}$/)
  expect(token).toMatchObject({ name: 'ci', role: 'admin', tenant: null, rateLimit: 5, state: 'live', createdBy: 'ada', lastUsedAt: null, revokedAt: null, revokedBy: null })
  expect(token.expiresAt! - token.createdAt).toBe(60_000)
  expect(await tokens.find(credential)).toEqual(token)
  const [row] = await rows()
  expect(row!.hash).toBe(hashOf(credential))
  expect(row!.text).not.toContain(credential.slice(4))
})

test('what is no credential of ours is not found', async () => {
  const { credential } = await create('ci')
  for (const wrong of [credential.slice(0, -1), `${credential}x`, credential.toLowerCase(), '', hashOf(credential)]) expect(await tokens.find(wrong)).toBeUndefined()
})

test('credentials that are looked for at the same time share a statement, and each gets its own answer', async () => {
  const made = await Promise.all(['a', 'b', 'c'].map((name) => create(name)))
  const frozen = frozenAt('2040-01-01T12:00:30Z')
  for (const { token, credential } of made) {
    await createTokenStore(frozen, time).find(credential)
    await usedAt(token.id)
  }
  const counting = countCalls(frozen)
  const { find } = createTokenStore(counting, time)
  const found = await Promise.all(Array.from({ length: 100 }, (_, at) => find(made[at % 3]!.credential)))
  expect(found.map((token) => token?.name)).toEqual(Array.from({ length: 100 }, (_, at) => 'abc'[at % 3]))
  expect(counting.calls).toBe(1)
  await frozen.close()
})

test('when the store is away nobody is let in, and the next is asked anew', async () => {
  const { credential } = await create('ci')
  let away = true
  const broken = { ...database, query: (...call: Parameters<Database['query']>) => (away ? Promise.reject(new Error('away')) : database.query(...call)) } as Database
  const shaky = createTokenStore(broken, time)
  await expect(shaky.find(credential)).rejects.toThrow('away')
  away = false
  expect(await shaky.find(credential)).toMatchObject({ name: 'ci' })
})

test('its use is noted to the minute, and written once in each', async () => {
  const { token, credential } = await create('ci')
  for (const minute of ['2040-01-01T12:00', '2040-01-01T12:01']) {
    const frozen = frozenAt(`${minute}:30Z`)
    const counting = countCalls(frozen)
    const used = createTokenStore(counting, time)
    await used.find(credential)
    await usedAt(token.id, Date.parse(`${minute}:00Z`))
    for (let use = 0; use < 10; use += 1) await used.find(credential)
    expect(counting.calls).toBe(12)
    expect((await used.find(credential))!.lastUsedAt).toBe(Date.parse(`${minute}:00Z`))
    await frozen.close()
  }
})

test('one that expired is not found, says so, and gives up its name', async () => {
  const { token, credential } = await create('ci')
  await expire(token.id)
  expect(await tokens.find(credential)).toBeUndefined()
  expect((await tokens.list(everyTenant, 'expired', { limit: 5 })).items).toMatchObject([{ id: token.id, state: 'expired' }])
  const { token: next } = await create('ci')
  expect((await tokens.list(everyTenant, 'all', { limit: 5 })).items.map(({ id, state }) => ({ id, state }))).toEqual([{ id: next.id, state: 'live' }, { id: token.id, state: 'expired' }])
})

test('a name is taken once per tenant among live tokens', async () => {
  await create('ci')
  await create('ci', { tenant: 'acme' })
  await expect(create('ci')).rejects.toMatchObject({ code: 'token.exists', message: 'there is a live token "ci"' })
  await expect(create('ci', { tenant: 'acme' })).rejects.toMatchObject({ code: 'token.exists', message: 'there is a live token "ci" of the tenant "acme"' })
  await tokens.revoke(everyTenant, 'acme/ci', ada)
  await create('ci', { tenant: 'acme' })
})

test('of many that take an expired name at the same time one gets it', async () => {
  await expire((await create('ci')).token.id)
  const outcomes = await Promise.allSettled(Array.from({ length: 10 }, () => create('ci')))
  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  expect(outcomes.filter((outcome) => outcome.status === 'rejected' && outcome.reason.code === 'token.exists')).toHaveLength(9)
})

test('a revoked one is refused at once by every server, and stays revoked by whom it was first', async () => {
  const elsewhere = createTokenStore(database, time)
  const { token, credential } = await create('ci')
  expect(await elsewhere.find(credential)).toBeDefined()
  await usedAt(token.id)
  const revoked = await tokens.revoke(everyTenant, 'ci', ada)
  expect(revoked).toMatchObject({ id: token.id, state: 'revoked', revokedBy: 'ada' })
  expect(await elsewhere.find(credential)).toBeUndefined()
  expect(await tokens.revoke(everyTenant, token.id.toUpperCase(), { name: 'eve' })).toEqual(revoked)
  expect((await facts()).map(({ type }) => type)).toEqual(['tokens.created', 'tokens.revoked'])
})

test('of many that revoke at the same time all are told of the first', async () => {
  const { token } = await create('ci')
  const revoked = await Promise.all(Array.from({ length: 10 }, (_, at) => tokens.revoke(everyTenant, token.id, { name: `r${at}` })))
  expect(new Set(revoked.map(({ state, revokedBy }) => `${state} by ${revokedBy}`)).size).toBe(1)
  expect(await facts()).toHaveLength(2)
})

test('a name that several live tokens have is refused with their ids', async () => {
  const [one, two] = [await create('ci'), await create('ci', { tenant: 'acme' })]
  await expect(tokens.revoke(everyTenant, 'ci', ada)).rejects.toMatchObject({ code: 'token.ambiguous', details: { ids: [two.token.id, one.token.id] } })
  expect(await tokens.revoke(acme, 'ci', ada)).toMatchObject({ id: two.token.id })
  expect(await tokens.revoke(everyTenant, 'ci', ada)).toMatchObject({ id: one.token.id })
})

test('an id comes before a name that looks like it', async () => {
  const { token } = await create('ci')
  await create(token.id)
  expect(await tokens.revoke(everyTenant, token.id, ada)).toMatchObject({ name: 'ci' })
})

test('a bound scope sees, makes and revokes tokens of its tenant only', async () => {
  const [theirs, unbound] = [await create('theirs', { tenant: 'other' }), await create('unbound')]
  const { token } = await tokens.create(acme, { name: 'ours', role: 'viewer', tenant: 'other', rateLimit: null, expiresInMs: null }, ada)
  expect(token.tenant).toBe('acme')
  expect((await tokens.list(acme, 'all', { limit: 10 })).items).toEqual([token])
  for (const foreign of [theirs.token.id, 'theirs', 'other/theirs', unbound.token.id, 'unbound', 'nonsense', '', '/', '\\']) {
    await expect(tokens.revoke(acme, foreign, ada)).rejects.toMatchObject({ code: 'token.not_found', details: { id: foreign } })
  }
  expect((await tokens.list(everyTenant, 'live', { limit: 10 })).items).toHaveLength(3)
})

test('pages follow each other, and a cursor of something else is refused', async () => {
  for (const name of ['a', 'b', 'c', 'd', 'e']) await create(name)
  await tokens.revoke(everyTenant, 'c', ada)
  const names: string[] = []
  for (let cursor: string | undefined, more = true; more;) {
    const page = await tokens.list(everyTenant, 'live', { limit: 3, ...(cursor && { cursor }) })
    names.push(...page.items.map(({ name }) => name))
    more = page.nextCursor !== null
    cursor = page.nextCursor ?? undefined
  }
  expect(names).toEqual(['e', 'd', 'b', 'a'])
  const ofJobs = Buffer.from(`j${'0'.repeat(32)}`, 'latin1').toString('base64url')
  for (const cursor of [ofJobs, 'nonsense', '', 'dA']) await expect(tokens.list(everyTenant, 'all', { limit: 1, cursor })).rejects.toMatchObject({ code: 'cursor.invalid' })
})

test('each change leaves an event that names who did it, and no secret', async () => {
  const { token, credential } = await create('ci', { tenant: 'acme' })
  const { token: unbound } = await create('ops')
  await tokens.revoke(everyTenant, token.id, { name: 'eve' })
  expect(await facts()).toEqual([
    { type: 'tokens.created', subject: token.id, tenants: ['acme'], names: ['ci'], ids: null, actor: 'ada', data: expect.stringContaining('"operator"') },
    { type: 'tokens.created', subject: unbound.id, tenants: null, names: ['ops'], ids: null, actor: 'ada', data: expect.any(String) },
    { type: 'tokens.revoked', subject: token.id, tenants: ['acme'], names: ['ci'], ids: null, actor: 'eve', data: expect.any(String) },
  ])
  const [row] = await database.query<{ text: string }>(`select string_agg(e::text, ' ') as text from taskflows.events e`)
  for (const secret of [credential, credential.slice(4), hashOf(credential)]) expect(row!.text).not.toContain(secret)
})

test('a change makes the partition for its event when there is none', async () => {
  const partitions = await database.query<{ name: string }>(`select inhrelid::regclass::text as name from pg_inherits where inhparent = 'taskflows.events'::regclass`)
  for (const { name } of partitions) await database.query(`drop table ${name}`)
  await create('ci')
  expect(await facts()).toHaveLength(1)
})

test('a caller is named after its token, and the tenant it is bound to', async () => {
  expect(callerOf((await create('ci')).token)).toEqual({ name: 'token:ci', role: 'operator', tenant: null })
  expect(callerOf((await create('ci', { tenant: 'acme', role: 'viewer' })).token)).toEqual({ name: 'token:acme/ci', role: 'viewer', tenant: 'acme' })
})
