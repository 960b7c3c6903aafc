/** Audits the database: how the connection is protected, what its role may do, and the tokens that it knows. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { isLoopbackName } from '../access/loopback.ts'
import { createTokenStore } from '../access/token-store.ts'
import type { Token } from '../access/tokens.ts'
import type { Config } from '../config.ts'
import { systemClock } from '../kernel/clock.ts'
import { readDatabaseClock } from '../kernel/database/database-clock.ts'
import type { Database } from '../kernel/database/database.ts'
import { schemaVersion } from '../kernel/database/migrate.ts'
import { messageOf } from '../kernel/errors.ts'
import { everyTenant } from '../kernel/scope.ts'
import { openForLooking } from './database.ts'
import { type Finding, fail, ok, skipped, warn } from './finding.ts'

/** The version of the schema that brought them. */
const tokensSince = 2

export async function* auditDatabase(config: Config): AsyncGenerator<Finding> {
  if (config.databaseUrl === null && !existsSync(join(config.home, 'postgres'))) return yield skipped('database', 'not examined: there is none yet')
  await using opened = openForLooking(config)
  const { database } = opened
  try {
    yield config.databaseUrl === null ? ok('database connection', 'over a socket that only this account can reach') : await auditConnection(database, config.databaseUrl)
    yield config.databaseUrl === null ? ok('database role', 'the embedded PostgreSQL has no other users') : await auditRole(database)
  } catch (error) {
    return yield skipped('database', `not examined: ${messageOf(error)}`)
  }
  try {
    const version = await schemaVersion(database, database.schema)
    if (version === null || version < tokensSince) return yield skipped('tokens', 'not examined: there are no tables for them yet')
    yield* auditTokens(await liveTokens(database), systemClock.now())
  } catch (error) {
    yield skipped('tokens', `not examined: ${messageOf(error)}`)
  }
}

/** What the server says of this very connection, whatever the URL asked for. */
async function auditConnection(database: Database, url: string): Promise<Finding> {
  const { hostname, searchParams } = new URL(url)
  const host = searchParams.get('host') ?? decodeURIComponent(hostname)
  if (host === '' || host.startsWith('/') || isLoopbackName(host)) return ok('database connection', 'does not leave this machine')
  const [row] = await database.query<{ ssl: boolean | null }>('select ssl from pg_stat_ssl where pid = pg_backend_pid()')
  if (!row?.ssl) return fail('database connection', `to ${host} without TLS: whoever is in between reads and changes everything`, 'Add ?sslmode=verify-full to the URL.')
  return searchParams.get('sslmode') === 'no-verify'
    ? warn('database connection', `to ${host} with TLS, but the certificate is not checked`, 'Write sslmode=verify-full in the URL.')
    : ok('database connection', `to ${host} with TLS`)
}

async function auditRole(database: Database): Promise<Finding> {
  const [row] = await database.query<{ name: string; superuser: boolean; others: boolean }>(`
    select rolname as name, rolsuper as superuser, rolcreaterole or rolbypassrls as others from pg_roles where rolname = current_user`)
  if (row === undefined) return skipped('database role', 'not examined: PostgreSQL does not tell')
  const mend = 'Let taskflows log in as a role that owns its schema and nothing else.'
  if (row.superuser) return warn('database role', `${row.name} is a superuser`, mend)
  return row.others ? warn('database role', `${row.name} may make roles or pass by row security`, mend) : ok('database role', `${row.name} is an ordinary role`)
}

async function liveTokens(database: Database): Promise<readonly Token[]> {
  const store = createTokenStore(database, await readDatabaseClock(database, systemClock))
  const tokens: Token[] = []
  for (let cursor: string | null | undefined; cursor !== null;) {
    const page = await store.list(everyTenant, 'live', { limit: 100, ...(cursor !== undefined && { cursor }) })
    tokens.push(...page.items)
    cursor = page.nextCursor
  }
  return tokens
}

const idleMs = 90 * 86_400_000

/** Each kind of doubt once, with the names. */
export function* auditTokens(tokens: readonly Pick<Token, 'name' | 'role' | 'tenant' | 'expiresAt' | 'createdAt' | 'lastUsedAt'>[], nowMs: number): Generator<Finding> {
  const revoke = 'tf api tokens revoke NAME'
  const doubts = [
    { doubt: 'never expire', those: tokens.filter(({ expiresAt }) => expiresAt === null), mend: `Make new ones with --expires 90d, and revoke these: ${revoke}` },
    { doubt: 'were not used for 90 days', those: tokens.filter(({ createdAt, lastUsedAt }) => nowMs - (lastUsedAt ?? createdAt) > idleMs), mend: revoke },
    { doubt: 'are admin', those: tokens.filter(({ role }) => role === 'admin'), mend: 'Give each no more than its caller needs: --role operator or viewer' },
    { doubt: 'are bound to no tenant', those: tokens.filter(({ tenant }) => tenant === null), mend: 'Bind those of one tenant to it: --tenant' },
  ].filter(({ those }) => those.length > 0)
  for (const { doubt, those, mend } of doubts) yield warn('tokens', `${those.map(({ name }) => name).join(', ')} ${doubt}`, mend)
  if (doubts.length === 0) yield ok('tokens', tokens.length === 0 ? 'none are live' : `${tokens.length} live, each bound, expiring, in use and not admin`)
}
