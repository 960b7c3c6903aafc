/** What `--server` and TASKFLOWS_SERVER may say, as a URL. Pure. */
import { join } from 'node:path'
import { isIP } from 'node:net'
import { TaskflowsError } from './errors.ts'

const defaultPort = 7777
const hostName = /^[a-z0-9]([a-z0-9._-]*[a-z0-9])?$/i

/** `host`, `host:port`, `[::1]:port` (all over http://) or a URL, without a slash at the end. @throws `cli.usage` */
export function serverUrl(given: string): string {
  const url = /^https?:\/\//i.test(given) ? given : `http://${withPort(given)}`
  if (!URL.canParse(url)) throw refused(given)
  const { origin, pathname, search, hash, username } = new URL(url)
  if (pathname !== '/' || search !== '' || hash !== '' || username !== '') throw refused(given)
  return origin
}

function withPort(given: string): string {
  if (isIP(given) === 6) return `[${given}]:${defaultPort}`
  const [, host = '', port] = /^(\[[^\]]*\]|[^:]*)(?::(\d{1,5}))?$/.exec(given) ?? []
  const valid = host.startsWith('[') ? isIP(host.slice(1, -1)) === 6 : hostName.test(host)
  if (!valid || port === '0') throw refused(given)
  return `${host}:${port ?? defaultPort}`
}

function refused(given: string): TaskflowsError {
  return new TaskflowsError('cli.usage', `server: expected host:port or a URL such as http://127.0.0.1:7777, got ${JSON.stringify(given)}`, {
    details: { server: given },
    hint: 'It comes from --server or TASKFLOWS_SERVER.',
  })
}

/** Where a running server leaves its address for `tf`, below its home. */
export function serverRecordPath(home: string): string {
  return join(home, 'run', 'server.json')
}
