/** `tf servers ...`: changes and asks the list of servers, TASKFLOWS_HOME/servers.json. */
import { readFile } from 'node:fs/promises'
import { type ListedServer, addServer, findServer, isSecret, isServerName, isToken, removeServers } from '../../../access/server-list.ts'
import { TaskflowsError, messageOf } from '../../../kernel/errors.ts'
import { serverUrl } from '../../../kernel/server-address.ts'
import { type Fingerprint, readFingerprint } from '../../../kernel/tls/fingerprint.ts'
import { knownServers, listedServer } from '../../../known-server.ts'
import { isPrivate, overHttp } from '../connect.ts'
import { combinedExitCode } from '../errors.ts'
import type { Invocation, RunCommand } from '../invocation.ts'
import type { Listing } from '../output/output.ts'
import { readStdin } from '../payload.ts'

interface Added {
  readonly name: string
  readonly url: string
  readonly tokenFile?: string
  readonly secretFile?: string
  readonly fingerprint?: string
  readonly pin?: true
  readonly replace?: true
}

/** A server as it is shown: without its credential. */
interface Shown {
  readonly name: string
  readonly url: string
  readonly credential: 'token' | 'secret' | null
  readonly fingerprint: Fingerprint | null
}

/** What came of asking one. */
interface Asked extends Shown {
  readonly status: 'ok' | 'failed'
  readonly hostname: string | null
  readonly version: string | null
  /** How long it took to answer. */
  readonly seconds: number
  readonly code: string | null
  readonly problem: string | null
}

export const add: RunCommand = async (invocation) => {
  const { config, talk, output } = invocation
  const { name, url: address, replace = false, ...given } = invocation.values as unknown as Added
  if (!isServerName(name)) throw new TaskflowsError('cli.usage', `NAME: expected up to 64 letters, digits, ".", "_" and "-", and not "all", got ${JSON.stringify(name)}`)
  const url = urlOf(address)
  const credential = await readCredential(given)
  const fingerprint = await fingerprintFor(url, given, talk)
  const server: ListedServer = { name, url, ...credential, ...(fingerprint && { fingerprint }) }
  knownServers(config.home)
  addServer(config.home, server, { replace })
  if (!isPrivate(server)) talk.warn(`${url} is asked without TLS: whoever is on the way can read and change what is said (docs/guides/many-hosts.md)`)
  if (given.pin) talk.note('Compare this fingerprint with what tf api security certificate shows on that host.')
  await output(false).item(shown(server), { name, text: () => sentence(shown(server)) })
}

function urlOf(address: string): string {
  try {
    return serverUrl(address)
  } catch (cause) {
    throw new TaskflowsError('cli.usage', `URL: expected host:port or a URL such as https://web1.example.com:7777, got ${JSON.stringify(address)}`, { details: { url: address }, cause })
  }
}

export const list: RunCommand = async (invocation) => {
  const servers = knownServers(invocation.config.home)
  if (invocation.values['check'] === true) return printAsked(servers, invocation)
  await invocation.output(false).page({ items: servers.map(shown), next_cursor: null }, listing())
}

export const remove: RunCommand = async ({ values, config, talk }) => {
  const names = values['name'] as readonly string[]
  knownServers(config.home)
  removeServers(config.home, names)
  talk.note(`removed ${names.join(', ')}`)
}

export const test: RunCommand = async (invocation) => {
  const servers = knownServers(invocation.config.home)
  const names = invocation.values['name'] as readonly string[] | undefined
  if (servers.length === 0) throw new TaskflowsError('servers.not_found', 'the list of servers is empty', { hint: 'tf servers add NAME URL' })
  return printAsked(names === undefined ? servers : [...new Set(names)].map((name) => findServer(servers, name)), invocation)
}

async function printAsked(servers: readonly ListedServer[], invocation: Invocation): Promise<number> {
  const waiting = new Set(servers.map(({ name }) => name))
  const tellProgress = () => invocation.talk.progress(waiting.size === 0 ? '' : `waiting for ${[...waiting].join(', ')}`)
  tellProgress()
  const ends = await Promise.all(servers.map(async (server) => {
    const end = await askServer(server, invocation)
    waiting.delete(server.name)
    tellProgress()
    return end
  }))
  await invocation.output(false).page({ items: ends.map(({ asked }) => asked), next_cursor: null }, askedListing())
  for (const { asked } of ends) if (asked.problem !== null) invocation.talk.warn(`${asked.name}: ${asked.problem}`)
  return combinedExitCode(ends.length, ends.flatMap(({ thrown }) => thrown ?? []))
}

async function askServer(server: ListedServer, { config }: Invocation): Promise<{ readonly asked: Asked; readonly thrown?: TaskflowsError }> {
  const startedAt = performance.now()
  const seconds = () => Math.round(performance.now() - startedAt) / 1000
  try {
    await using connection = await overHttp(listedServer(server, config), config.serverTimeoutSeconds * 1000)
    const { hostname, version } = await connection.client.system.info({})
    return { asked: { ...shown(server), status: 'ok', hostname, version, seconds: seconds(), code: null, problem: null } }
  } catch (error) {
    const thrown = error instanceof TaskflowsError ? error : new TaskflowsError('internal', messageOf(error), { cause: error })
    return { thrown, asked: { ...shown(server), status: 'failed', hostname: null, version: null, seconds: seconds(), code: thrown.code, problem: thrown.message } }
  }
}

async function readCredential({ tokenFile, secretFile }: Pick<Added, 'tokenFile' | 'secretFile'>): Promise<Pick<ListedServer, 'token' | 'secret'>> {
  if (tokenFile !== undefined && secretFile !== undefined) throw new TaskflowsError('cli.usage', '--token-file and --secret-file: expected one of them, got both')
  if (tokenFile !== undefined) {
    const token = await readCredentialFile(tokenFile)
    if (isToken(token)) return { token }
    throw new TaskflowsError('cli.usage', `--token-file: expected one token in ${tokenFile}, got ${token === '' ? 'nothing' : 'something with blanks or control characters in it'}`)
  }
  if (secretFile === undefined) return {}
  const secret = await readCredentialFile(secretFile)
  if (isSecret(secret)) return { secret }
  throw new TaskflowsError('cli.usage', `--secret-file: expected one secret in ${secretFile}, got ${secret === '' ? 'nothing' : 'something with control characters in it'}`)
}

async function readCredentialFile(file: string): Promise<string> {
  try {
    return (file === '-' ? (await readStdin()).toString('utf8') : await readFile(file, 'utf8')).trim()
  } catch (cause) {
    throw new TaskflowsError('cli.usage', `${file} cannot be read: ${messageOf(cause)}`, { cause })
  }
}

async function fingerprintFor(url: string, { fingerprint, pin }: Pick<Added, 'fingerprint' | 'pin'>, talk: Invocation['talk']): Promise<Fingerprint | undefined> {
  if (fingerprint === undefined && !pin) return undefined
  if (!url.startsWith('https:')) throw new TaskflowsError('cli.usage', `${pin ? '--pin' : '--fingerprint'}: a server shows a certificate over https only, got ${url}`)
  const wanted = fingerprint === undefined ? undefined : readFingerprint(fingerprint)
  if (fingerprint !== undefined && wanted === undefined) throw new TaskflowsError('cli.usage', `--fingerprint: expected SHA256: and 64 hexadecimal digits, got ${JSON.stringify(fingerprint)}`)
  if (!pin) return wanted
  talk.progress(`looking at the certificate of ${url}`)
  const { lookAtCertificate } = await import('../../../kernel/tls/secure-connection.ts')
  const seen = await lookAtCertificate(new URL(url))
  if (wanted === undefined || wanted === seen.fingerprint) return seen.fingerprint
  throw new TaskflowsError('server.untrusted', `${url} shows another certificate than --fingerprint names: expected ${wanted}, got ${seen.fingerprint}`, { details: { url, expected: wanted, presented: seen.fingerprint }, hint: 'Nothing was changed.' })
}

function shown({ name, url, token, secret, fingerprint }: ListedServer): Shown {
  return { name, url, credential: token !== undefined ? 'token' : secret !== undefined ? 'secret' : null, fingerprint: fingerprint ?? null }
}

function sentence({ name, url, credential, fingerprint }: Shown): string {
  return [`${name} is ${url}, shown ${credential === null ? 'no credential of its own' : `a ${credential}`}`, ...(fingerprint === null ? [] : [fingerprint])].join('\n')
}

function listing<T extends Shown>(): Listing<T> {
  return {
    name: ({ name }) => name,
    empty: 'There are none: tf servers add NAME URL.',
    columns: [
      { header: 'NAME', value: ({ name }) => name },
      { header: 'URL', value: ({ url }) => url },
      { header: 'CREDENTIAL', value: ({ credential }) => credential },
      { header: 'CERTIFICATE', value: ({ url, fingerprint }) => (url.startsWith('http:') ? null : fingerprint === null ? 'by its authority' : 'pinned') },
    ],
    moreColumns: [{ header: 'FINGERPRINT', value: ({ fingerprint }) => fingerprint }],
  }
}

function askedListing(): Listing<Asked> {
  const { columns, ...rest } = listing<Asked>()
  return {
    ...rest,
    columns: [
      ...columns,
      { header: 'STATUS', value: ({ status, code }) => code ?? status, style: ({ status }) => (status === 'ok' ? 'green' : 'red') },
      { header: 'HOSTNAME', value: ({ hostname }) => hostname },
      { header: 'VERSION', value: ({ version }) => version },
      { header: 'ANSWERED IN', value: ({ seconds }) => `${Math.round(seconds * 1000)} ms`, align: 'right' },
    ],
  }
}
