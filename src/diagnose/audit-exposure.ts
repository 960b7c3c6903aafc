/** Audits who can reach what: the address of the server, the way to a remote one, the account, Docker. */
import { accessSync, constants } from 'node:fs'
import { isLoopbackName } from '../access/loopback.ts'
import type { ListedServer } from '../access/server-list.ts'
import type { Config } from '../config.ts'
import { type Finding, ok, skipped, warn } from './finding.ts'

export function* auditExposure({ host, server, token, tlsCert }: Config, servers: readonly ListedServer[] = []): Generator<Finding> {
  yield isLoopbackName(host)
    ? ok('address', `${host}: only this machine reaches the server`)
    : tlsCert !== null
    ? ok('address', `${host}: others reach the server, over TLS`)
    : warn('address', `${host}: others reach the server, which speaks HTTP; whether something with TLS stands in front cannot be seen from here`, 'Give it a certificate (docs/guides/many-hosts.md), or set TASKFLOWS_HOST=127.0.0.1.')
  if (server !== null && !servers.some(({ name }) => name === server)) yield auditServer(server, token !== null)
  for (const listed of servers) if (auditServer(listed.url, false).status !== 'ok') yield openlyAsked(listed)
  yield process.geteuid?.() === 0
    ? warn('account', 'taskflows runs as root, and so do the handlers of its workers', 'Run it as an account of its own.')
    : ok('account', `not root (account ${process.geteuid?.()})`)
  yield auditDocker('/var/run/docker.sock')
}

function auditServer(server: string, hasToken: boolean): Finding {
  const url = server.includes('://') ? server : `http://${server}`
  if (!URL.canParse(url)) return skipped('remote server', `not examined: ${JSON.stringify(server)} is no address`)
  const { protocol, hostname } = new URL(url)
  if (protocol === 'https:' || isLoopbackName(hostname)) return ok('remote server', `${server}${protocol === 'https:' ? ' over TLS' : ', on this machine'}`)
  return warn('remote server', `${server} is asked over HTTP${hasToken ? ', and the token goes with every request' : ''}`, 'Give it a certificate (docs/guides/many-hosts.md), and write https:// in TASKFLOWS_SERVER.')
}

function openlyAsked({ name, url, token }: ListedServer): Finding {
  const found = `${name} (${url}) is asked over HTTP${token === undefined ? '' : ', and its token goes with every request'}`
  return warn('remote server', found, `Give it a certificate, then tf servers add ${name} https://... --pin --replace.`)
}

/** Whoever may write to Docker's socket can become root (docs.docker.com/engine/security). */
function auditDocker(socket: string): Finding {
  try {
    accessSync(socket, constants.W_OK)
    return warn('docker socket', `this account may use ${socket}, which is as good as root`, 'Take the account out of the group docker if none of its services needs it.')
  } catch {
    return ok('docker socket', `this account cannot use ${socket}`)
  }
}
