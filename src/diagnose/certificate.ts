/** Looks at the certificate that the server of this home shows: whether it can be used, and until when. */
import { X509Certificate, createPrivateKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Config } from '../config.ts'
import { messageOf } from '../kernel/errors.ts'
import { fingerprintOf } from '../kernel/tls/fingerprint.ts'
import { type Finding, fail, ok, warn } from './finding.ts'

const dayMs = 86_400_000
const soonMs = 30 * dayMs

/** Nothing where none is set. */
export function* checkCertificate({ tlsCert, tlsKey }: Pick<Config, 'tlsCert' | 'tlsKey'>, nowMs: number): Generator<Finding> {
  if (tlsCert === null && tlsKey === null) return
  if (tlsCert === null || tlsKey === null) return void (yield fail('certificate', `only ${tlsCert === null ? 'TASKFLOWS_TLS_KEY' : 'TASKFLOWS_TLS_CERT'} is set`, 'Set both, or none for http.'))
  try {
    const certificate = new X509Certificate(readFileSync(tlsCert))
    yield certificate.checkPrivateKey(createPrivateKey(readFileSync(tlsKey)))
      ? judge(certificate, tlsCert, nowMs)
      : fail('certificate', `${tlsKey} is not the private key of ${tlsCert}`, 'Set TASKFLOWS_TLS_KEY to the file that was made with the certificate.')
  } catch (error) {
    yield fail('certificate', messageOf(error), 'Set TASKFLOWS_TLS_CERT and TASKFLOWS_TLS_KEY to files in PEM; tf api security certificate makes a pair.')
  }
}

function judge(certificate: X509Certificate, path: string, nowMs: number): Finding {
  const leftMs = Date.parse(certificate.validTo) - nowMs
  const found = `${path} is valid until ${new Date(certificate.validTo).toISOString().slice(0, 10)}, ${fingerprintOf(certificate)}`
  const mend = 'Put a new one in place of the file; the server shows it from the next connection on.'
  if (Date.parse(certificate.validFrom) > nowMs) return fail('certificate', `${path} is not valid before ${new Date(certificate.validFrom).toISOString().slice(0, 10)}`, 'Look at the clock of this machine.')
  if (leftMs <= 0) return fail('certificate', `${found}: it has expired`, mend)
  return leftMs < soonMs ? warn('certificate', `${found}: ${Math.floor(leftMs / dayMs)} days are left`, mend) : ok('certificate', found)
}
