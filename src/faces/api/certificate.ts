/**
 * The certificate that the server shows. It is read again when its file has
 * changed, at the next connection: those that are open go on with the old one.
 */
import { X509Certificate } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import type { RequestListener } from 'node:http'
import { type Server, type ServerOptions, createServer } from 'node:https'
import { createSecureContext } from 'node:tls'
import { TaskflowsError, messageOf } from '../../kernel/errors.ts'
import type { Log } from '../../kernel/observe/log.ts'

/** Paths of PEM files. */
export interface CertificateFiles {
  readonly cert: string
  readonly key: string
}

/** What was in the files. */
export interface Certificate {
  readonly files: CertificateFiles
  readonly cert: string
  readonly key: string
  readonly validTo: Date
  /** Changes whenever the content may have. */
  readonly version: string
}

/** @throws `config.invalid` naming the file that cannot be read, or says something else */
export function readCertificate(files: CertificateFiles): Certificate {
  const version = versionOf(files)
  const [cert, key] = [readText('TASKFLOWS_TLS_CERT', files.cert), readText('TASKFLOWS_TLS_KEY', files.key)]
  const validTo = validToOf(files.cert, cert)
  try {
    createSecureContext({ cert, key })
  } catch (cause) {
    throw invalid('TASKFLOWS_TLS_KEY', `${files.key} does not hold the private key of ${files.cert}: ${messageOf(cause)}`, cause)
  }
  return { files, cert, key, validTo, version }
}

export function createSecureServer(certificate: Certificate, options: ServerOptions, handle: RequestListener, log: Log): Server {
  const { cert, key } = certificate
  const server = createServer({ ...options, minVersion: 'TLSv1.2', cert, key }, handle)
  const renewed = following(certificate, log)
  // Before the listener of Node, which takes the certificate that the handshake is made with.
  server.prependListener('connection', () => {
    const present = renewed()
    if (present) server.setSecureContext({ minVersion: 'TLSv1.2', cert: present.cert, key: present.key })
  })
  return server
}

/** Answers with the certificate when it is another one than at the last call. One that cannot be used is told of once, and left. */
function following(first: Certificate, log: Log): () => Certificate | undefined {
  let looked = first.version
  return () => {
    const version = versionOf(first.files)
    if (version === looked) return undefined
    looked = version
    try {
      const present = readCertificate(first.files)
      log.info({ valid_to: present.validTo.toISOString() }, `${first.files.cert} has changed: new connections are shown it`)
      return present
    } catch (error) {
      log.warn({ reason: messageOf(error) }, 'the certificate has changed and cannot be used; the former one is shown further on')
      return undefined
    }
  }
}

function versionOf({ cert, key }: CertificateFiles): string {
  return [cert, key].map((path) => {
    const found = statSync(path, { bigint: true, throwIfNoEntry: false })
    return found === undefined ? 'missing' : `${found.ino} ${found.size} ${found.mtimeNs} ${found.ctimeNs}`
  }).join(' ')
}

function validToOf(path: string, cert: string): Date {
  try {
    return new Date(new X509Certificate(cert).validTo)
  } catch (cause) {
    throw invalid('TASKFLOWS_TLS_CERT', `${path} holds no certificate in PEM: ${messageOf(cause)}`, cause)
  }
}

function readText(variable: string, path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw invalid(variable, `${path} cannot be read: ${messageOf(cause)}`, cause)
  }
}

function invalid(variable: string, problem: string, cause: unknown): TaskflowsError {
  return new TaskflowsError('config.invalid', `${variable}: ${problem}`, { details: { setting: variable }, hint: '`tf api security certificate` makes a pair.', cause })
}
