/** `tf api security certificate`: makes the pair of files that `tf serve` speaks TLS with, or shows the certificate that there is. */
import { X509Certificate } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { hostname, networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { replacePrivateFile } from '../../../access/private-file.ts'
import { selfSignedCertificate } from '../../../access/self-signed-certificate.ts'
import { TaskflowsError, messageOf } from '../../../kernel/errors.ts'
import { fingerprintOf } from '../../../kernel/tls/fingerprint.ts'
import { confirm } from '../confirm.ts'
import type { RunCommand } from '../invocation.ts'
import { factLines } from '../output/facts.ts'

interface Given {
  readonly names?: readonly string[]
  readonly days?: number
  readonly replace?: true
}

const usualDays = 3650
const dayMs = 86_400_000

export const run: RunCommand = async (invocation) => {
  const { config, talk, output } = invocation
  const { names, days = usualDays, replace } = invocation.values as Given
  const own = { cert: join(config.home, 'tls', 'cert.pem'), key: join(config.home, 'tls', 'key.pem') }
  const inUse = config.tlsCert !== null && config.tlsKey !== null ? { cert: config.tlsCert, key: config.tlsKey } : undefined
  const files = inUse ?? own
  if (replace && files.cert !== own.cert) throw new TaskflowsError('cli.usage', `--replace: the certificate in use, ${files.cert}, was not made by this command`, { hint: 'Unset TASKFLOWS_TLS_CERT and TASKFLOWS_TLS_KEY first.' })
  const exists = statSync(files.cert, { throwIfNoEntry: false }) !== undefined
  if (exists && replace) await confirm('Whoever pinned the present certificate will refuse this server. Replace it?', invocation.globals)
  if (!exists || replace) make(own, names ?? ownNames(), days)
  else if (names !== undefined) throw new TaskflowsError('cli.usage', `${files.cert} is there already`, { hint: 'Add --replace to make another one.' })
  await show(files, output(false))
  if (inUse === undefined) talk.note(settingsFor(own))
}

function make({ cert, key }: { readonly cert: string; readonly key: string }, names: readonly string[], days: number): void {
  const wrong = names.find((name) => !/^[\w.:*-]+$/.test(name))
  if (wrong !== undefined) throw new TaskflowsError('cli.usage', `--name: expected a host name or an IP address, got ${JSON.stringify(wrong)}`)
  // A clock that is a little behind would not take it yet.
  const from = Date.now() - dayMs
  const made = selfSignedCertificate({ names: names as [string, ...string[]], from, until: from + (days + 1) * dayMs })
  replacePrivateFile(key, made.key)
  replacePrivateFile(cert, made.cert)
}

/** What others may call this machine; link-local addresses mean nothing to them. */
function ownNames(): string[] {
  const addresses = Object.values(networkInterfaces()).flatMap((each) => each ?? []).filter(({ scopeid }) => !scopeid).map(({ address }) => address)
  return [...new Set([hostname(), 'localhost', ...addresses, '127.0.0.1', '::1'])]
}

async function show({ cert, key }: { readonly cert: string; readonly key: string }, output: ReturnType<Parameters<RunCommand>[0]['output']>): Promise<void> {
  const read = readCertificate(cert)
  const answer = { cert, key, fingerprint: fingerprintOf(read), names: read.subjectAltName?.split(', ').map((name) => name.replace(/^(DNS|IP Address):/, '')) ?? [], valid_until: new Date(read.validTo).toISOString() }
  await output.item(answer, {
    name: answer.fingerprint,
    text: () => factLines([['certificate', cert], ['key', key], ['fingerprint', answer.fingerprint], ['names', answer.names.join(', ')], ['valid until', answer.valid_until]]).join('\n'),
  })
}

function readCertificate(path: string): X509Certificate {
  try {
    return new X509Certificate(readFileSync(path))
  } catch (cause) {
    throw new TaskflowsError('config.invalid', `${path} holds no certificate in PEM: ${messageOf(cause)}`, { cause })
  }
}

function settingsFor({ cert, key }: { readonly cert: string; readonly key: string }): string {
  return `tf serve uses it with TASKFLOWS_TLS_CERT=${cert} and TASKFLOWS_TLS_KEY=${key}, or tls_cert and tls_key in config.yaml`
}
