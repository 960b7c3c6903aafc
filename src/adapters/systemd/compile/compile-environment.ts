/**
 * The variables and credentials of a service. What looks like a secret goes to a
 * file of its own, which the unit names; a file of the user is named, never read.
 */
import { looksSecret } from '../../../engines/services/define/secret-env.ts'
import type { ServiceDefinition } from '../../../engines/services/service-definition.ts'
import { isTemplate } from '../../../engines/services/look/service-units.ts'
import { ValidationError } from '../../../kernel/errors.ts'
import type { CompileHost, Compilation } from './compile-host.ts'
import { type UnitSection, type UnitText, filePattern, literal, quoted, verbatim } from './unit-text.ts'

/** Every unit has them; what the definition says wins. Python buffers its output when nobody looks, so that logs come late. */
const always = { PYTHONUNBUFFERED: '1' }

export function environmentDirectives({ definition, host, role }: Compilation): UnitSection {
  const { envFile, name } = definition
  const { open, secret } = variablesOf(definition, host)
  const files = [envFile, secret.length > 0 ? host.secretEnvPath(name) : undefined].filter((file) => file !== undefined)
  return {
    // Instances of a template each have their own name, which only systemd knows.
    Environment: [verbatim(`TASKFLOWS_SERVICE=${name}${isTemplate(name) ? '%i' : ''}`), ...(role === 'slot-service' ? [verbatim('TASKFLOWS_SLOT=%i')] : []), ...open.map(([key, value]) => quoted(`${key}=${value}`))],
    // Among files the later one wins, and all of them win over Environment=.
    EnvironmentFile: files.map(filePattern),
    ...credentialDirectives(definition),
  }
}

/** The content of the file for secrets, by the rules of EnvironmentFile= in systemd.exec(5); `undefined` without any. */
export function secretEnvText(definition: ServiceDefinition, host: CompileHost): string | undefined {
  const { secret } = variablesOf(definition, host)
  if (secret.length === 0) return undefined
  return secret.map(([name, value]) => `${name}="${value.replace(/["\\`$]/g, '\\$&')}"\n`).join('')
}

type Variable = readonly [name: string, value: string]

function variablesOf({ name: service, env, cgroupConfig }: ServiceDefinition, host: CompileHost): { readonly open: readonly Variable[]; readonly secret: readonly Variable[] } {
  const all = Object.entries({ ...always, ...host.environment, ...cgroupConfig?.environment, ...env }).sort(([a], [b]) => (a < b ? -1 : 1))
  for (const [name, value] of all) checkVariable(service, name, value)
  return {
    open: all.filter(([name, value]) => !looksSecret(name, value)),
    secret: all.filter(([name, value]) => looksSecret(name, value)),
  }
}

function checkVariable(service: string, name: string, value: string): void {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
    throw new ValidationError('service.invalid', `env of ${service}: ${JSON.stringify(name)} is no name of a variable: expected letters, digits and _, not beginning with a digit`, { details: { field: 'env', value: name } })
  }
  // Named without its value, which may be a secret. systemd drops such a variable without a word.
  // oxlint-disable-next-line no-control-regex
  if (/[\x00-\x1f\x7f]/.test(value) || !value.isWellFormed()) {
    throw new ValidationError('service.unsafe', `env of ${service}: the value of ${name} holds a line break or another control character`, {
      details: { field: `env.${name}` }, hint: 'Put what has several lines into a file, and hand it over under secrets.',
    })
  }
}

function credentialDirectives({ secrets = {} }: ServiceDefinition): UnitSection {
  const lines = (encrypted: boolean): readonly UnitText[] => Object.entries(secrets)
    .filter(([, secret]) => (secret.encrypted ?? false) === encrypted)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    // Only the first colon separates, so that a path may have some.
    .map(([name, { file }]) => literal(`${credentialName(name)}:${file}`))
  return { LoadCredential: lines(false), LoadCredentialEncrypted: lines(true) }
}

function credentialName(name: string): string {
  if (/^[A-Za-z0-9_][A-Za-z0-9._-]{0,254}$/.test(name)) return name
  throw new ValidationError('service.invalid', `secrets: ${JSON.stringify(name)} is no name of a credential: expected letters, digits, dots, dashes and underscores`, { details: { field: 'secrets', value: name } })
}
