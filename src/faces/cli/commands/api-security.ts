/**
 * `tf api security ...`: changes TASKFLOWS_HOME/security.json. A running server
 * follows each change at once, so none of these asks one.
 */
import { type Security, disableSecurity, securityPath, securityStatus, setSecret as replaceSecret, setupSecurity } from '../../../access/security-file.ts'
import { hmacHeaders } from '../../../kernel/hmac-signature.ts'
import { confirm } from '../confirm.ts'
import type { Invocation, RunCommand } from '../invocation.ts'
import { readStdin } from '../payload.ts'

export const setup: RunCommand = async (invocation) => {
  const regenerate = invocation.values['regenerate'] === true
  const { home } = invocation.config
  if (regenerate && hasFile(home)) await confirm('Callers that sign with the present secret will be refused. Replace it?', invocation.globals)
  await show(setupSecurity(home, { regenerate }), invocation)
}

export const status: RunCommand = (invocation) => show(securityStatus(invocation.config.home), invocation)

export const disable: RunCommand = async (invocation) => {
  await confirm('Every program on this machine will be able to do everything. Go on?', invocation.globals)
  await show(disableSecurity(invocation.config.home), invocation)
  invocation.talk.warn('every program on this machine may now use the API as admin; tf api security setup ends that')
}

export const setSecret: RunCommand = async (invocation) => {
  const given = invocation.values['secret'] as string
  const secret = given === '-' ? (await readStdin()).toString('utf8').trim() : given
  await show(replaceSecret(invocation.config.home, secret), invocation)
}

/** The settings without the secret. */
function show(security: Security | undefined, { config, output }: Invocation): Promise<void> {
  const file = securityPath(config.home)
  const answer = { file, configured: security !== undefined, hmac: { enabled: security?.hmac.enabled ?? false, headers: Object.values(hmacHeaders) } }
  return output(false).item(answer, { name: file, text: () => sentence(security, file) })
}

function sentence(security: Security | undefined, file: string): string {
  if (!security) return `There is no secret yet; the first tf serve, or tf api security setup, makes one in ${file}`
  return security.hmac.enabled ? `Requests must be signed with the secret in ${file}` : 'Requests from this machine need no signature'
}

/** A broken file counts, because replacing it replaces a secret too. */
function hasFile(home: string): boolean {
  try {
    return securityStatus(home) !== undefined
  } catch {
    return true
  }
}
