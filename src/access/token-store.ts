/**
 * API tokens in PostgreSQL. Each change and the event that tells of it are one
 * statement; neither the credential nor its hash is in the event.
 */
import { type Database, repeatable, statement } from '../kernel/database/database.ts'
import type { DatabaseClock } from '../kernel/database/database-clock.ts'
import { ensurePartitions } from '../kernel/database/partitions.ts'
import { TaskflowsError } from '../kernel/errors.ts'
import { isId, newId } from '../kernel/ids.ts'
import type { Role } from '../kernel/permissions.ts'
import type { Scope } from '../kernel/scope.ts'
import { shareCalls } from './share-calls.ts'
import { type Token, type TokenStore, hashOf, newCredential } from './tokens.ts'

interface TokenRecord {
  id: string
  name: string
  role: Role
  tenant_id: string | null
  rate_limit: number | null
  state: Token['state']
  created_at: number
  created_by: string
  expires_at: number | null
  last_used_at: number | null
  revoked_at: number | null
  revoked_by: string | null
}

const state = `case when revoked_at is not null then 'revoked' when expires_at <= taskflows.now() then 'expired' else 'live' end`
const columns = `id, name, role, tenant_id, rate_limit, ${state} as state, created_at, created_by, expires_at, last_used_at, revoked_at, revoked_by`

/** The facts about one token, as an event: of no tenant when it is bound to none. */
const fact = (type: string, changed: string, data: string) => `
  insert into taskflows.events (at, type, subject, tenants, names, actor, data)
  select clock.now, '${type}', id::text, case when tenant_id is not null then array[tenant_id] end, array[name], $1, ${data} from ${changed}, clock`

/**
 * $1 actor  $2 id  $3 hash  $4 name  $5 role  $6 tenant  $7 rate limit  $8 good for (milliseconds)
 *
 * An expired token of the same name gives it up first: the insert reads what `freed` answers, so it cannot come before.
 */
const createToken = statement('access-create-token', `
with clock as materialized (
  select taskflows.now() as now
), freed as (
  update taskflows.tokens t set holds_name = false from clock
  where t.name = $4 and t.tenant_id is not distinct from $6 and t.holds_name and t.expires_at <= clock.now returning t.id
), created as (
  insert into taskflows.tokens (id, hash, name, role, tenant_id, rate_limit, created_at, created_by, expires_at)
  select $2::uuid, $3::bytea, $4, $5, $6, $7::integer, clock.now, $1, clock.now + $8::float8 * interval '1 millisecond'
  from clock, (select count(*) from freed) as names
  returning *
), fact as (${fact('tokens.created', 'created', `json_build_object('role', role, 'rate_limit', rate_limit, 'expires_at', expires_at)`)}
)
select ${columns} from created`)

/** $1 actor  $2 id. Answers nothing when it was revoked before. */
const revokeToken = statement('access-revoke-token', `
with clock as materialized (
  select taskflows.now() as now
), revoked as (
  update taskflows.tokens t set revoked_at = clock.now, revoked_by = $1, holds_name = false from clock
  where t.id = $2::uuid and t.revoked_at is null returning t.*
), fact as (${fact('tokens.revoked', 'revoked', `json_build_object('role', role)`)}
)
select ${columns} from revoked`)

/** $1 id, or null  $2 name  $3 its tenant, or null for any  $4 tenant that may be seen. A name means live tokens. */
const namedTokens = repeatable('access-named-tokens', `
select ${columns} from taskflows.tokens
where ($4::text is null or tenant_id = $4)
  and (id = $1::uuid or (name = $2 and ($3::text is null or tenant_id = $3) and ${state} = 'live'))
order by id = $1::uuid desc nulls last, id desc limit 3`)

/** $1 id to start below  $2 tenant that may be seen  $3 state, or null  $4 how many */
const listTokens = repeatable('access-list-tokens', `
select ${columns} from taskflows.tokens
where id < $1::uuid and ($2::text is null or tenant_id = $2) and ($3::text is null or ${state} = $3)
order by id desc limit $4::integer`)

/** $1 hashes. With whether the use of this minute has yet to be noted. */
const findTokens = repeatable('access-find-tokens', `
select ${columns}, encode(hash, 'hex') as hash, coalesce(last_used_at < date_trunc('minute', taskflows.now()), true) as unnoted
from taskflows.tokens where hash = any ($1::bytea[]) and ${state} = 'live'`)

/** $1 ids, in their order, so that servers that note the same tokens wait for each other in one direction. */
const noteUse = repeatable('access-note-token-use', `
with clock as materialized (
  select date_trunc('minute', taskflows.now()) as minute
), unnoted as materialized (
  select t.id from taskflows.tokens t, clock
  where t.id = any ($1::uuid[]) and (t.last_used_at is null or t.last_used_at < clock.minute) order by t.id for update of t skip locked
)
update taskflows.tokens t set last_used_at = clock.minute from clock where t.id in (select id from unnoted)`)

const duplicate = '23505'
const noPartition = '23514'

export function createTokenStore(database: Database, time: DatabaseClock): TokenStore {
  /** A change writes an event, for whose week there may be no partition yet. */
  const change = async (...[what, values]: Parameters<typeof database.query>): Promise<TokenRecord | undefined> => {
    try {
      return (await database.query<TokenRecord>(what, values))[0]
    } catch (error) {
      if (codeOf(error) !== noPartition) throw error
      await ensurePartitions(database, time.now())
      return (await database.query<TokenRecord>(what, values))[0]
    }
  }

  const get = async (scope: Scope, idOrName: string): Promise<TokenRecord> => {
    const id = idOrName.toLowerCase()
    const [, tenant = null, name] = /^(?:(.*)\/)?([^/]*)$/s.exec(idOrName)!
    const found = await database.query<TokenRecord>(namedTokens, [isId(id) ? id : null, name, tenant, scope.tenant])
    const [first, second] = found
    if (first === undefined) throw new TaskflowsError('token.not_found', `there is no token ${JSON.stringify(idOrName)}`, { details: { id: idOrName } })
    if (second !== undefined && first.id !== id) throw ambiguous(idOrName, found)
    return first
  }

  return {
    create: async (scope, { name, role, rateLimit, expiresInMs, ...token }, by) => {
      const tenant = scope.tenant ?? token.tenant
      const credential = newCredential()
      const values = [by.name, newId(time.now()), bytes(hashOf(credential)), name, role, tenant, rateLimit, expiresInMs]
      const created = await change(createToken, values).catch((error: unknown) => { throw codeOf(error) === duplicate ? exists(name, tenant) : error })
      return { token: tokenOf(created!), credential }
    },
    list: async (scope, wanted, { limit, cursor }) => {
      const below = cursor === undefined ? aboveAll : readCursor(cursor)
      const found = await database.query<TokenRecord>(listTokens, [below, scope.tenant, wanted === 'all' ? null : wanted, limit + 1])
      const items = found.slice(0, limit).map(tokenOf)
      return { items, nextCursor: found.length > limit ? writeCursor(items.at(-1)!.id) : null }
    },
    revoke: async (scope, idOrName, by) => {
      const { id } = await get(scope, idOrName)
      return tokenOf((await change(revokeToken, [by.name, id])) ?? (await get(scope, id)))
    },
    find: finder(database),
  }
}

/** Finds live tokens; requests that arrive together share a statement. */
function finder(database: Database): TokenStore['find'] {
  const noting = new Set<string>()
  // Nobody waits for it, and what fails is noted with the next request.
  const note = async (ids: readonly string[]) => {
    for (const id of ids) noting.add(id)
    await database.query(noteUse, [ids]).catch(() => {})
    for (const id of ids) noting.delete(id)
  }
  const find = shareCalls(async (hashes: readonly string[]) => {
    const found = await database.query<TokenRecord & { hash: string; unnoted: boolean }>(findTokens, [hashes.map(bytes)])
    const unnoted = found.filter(({ id, unnoted }) => unnoted && !noting.has(id)).map(({ id }) => id)
    if (unnoted.length > 0) void note(unnoted)
    return new Map(found.map((row) => [row.hash, tokenOf(row)]))
  })
  return (credential) => find(hashOf(credential))
}

function tokenOf(row: TokenRecord): Token {
  return {
    id: row.id,
    name: row.name,
    role: row.role,
    tenant: row.tenant_id,
    rateLimit: row.rate_limit,
    state: row.state,
    createdAt: row.created_at,
    createdBy: row.created_by,
    expiresAt: row.expires_at,
    lastUsedAt: row.last_used_at,
    revokedAt: row.revoked_at,
    revokedBy: row.revoked_by,
  }
}

function exists(name: string, tenant: string | null): TaskflowsError {
  const where = tenant === null ? '' : ` of the tenant ${JSON.stringify(tenant)}`
  return new TaskflowsError('token.exists', `there is a live token ${JSON.stringify(name)}${where}`, { details: { name, tenant_id: tenant } })
}

function ambiguous(name: string, found: readonly TokenRecord[]): TaskflowsError {
  const some = found.map(({ id, tenant_id: tenant }) => `${id} (${tenant ?? 'of no tenant'})`).join(', ')
  return new TaskflowsError('token.ambiguous', `several live tokens are named ${JSON.stringify(name)}, such as ${some}`, { details: { name, ids: found.map(({ id }) => id) } })
}

const aboveAll = 'ffffffff-ffff-ffff-ffff-ffffffffffff'

/** The cursor is the last id shown; `t` tells it from cursors of other lists. */
function writeCursor(id: string): string {
  return Buffer.from(`t${id.replaceAll('-', '')}`, 'latin1').toString('base64url')
}

function readCursor(cursor: string): string {
  const text = Buffer.from(cursor, 'base64url').toString('latin1')
  const id = text.slice(1).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
  if (text.startsWith('t') && isId(id)) return id
  throw new TaskflowsError('cursor.invalid', `${JSON.stringify(cursor.slice(0, 100))} is not a cursor of a list of tokens`)
}

/** Hexadecimal as PostgreSQL reads a bytea. */
function bytes(hex: string): string {
  return `\\x${hex}`
}

function codeOf(error: unknown): unknown {
  return (error as { code?: unknown } | undefined)?.code
}
