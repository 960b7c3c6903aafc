/** What the channels say when something cannot be sent, without any credential in it. */
import { messageOf } from '../../kernel/errors.ts'
import type { AlertTools } from '../../kernel/alerts/destination.ts'
import { AlertNotSent } from '../../kernel/alerts/message.ts'

/** What a name in a URL, an answer of a server or a library's error might tell of. Shorter texts would hide half of every sentence. */
const shortestSecret = 4

export function withoutSecrets(text: string, secrets: readonly string[]): string {
  return secrets.filter((secret) => secret.length >= shortestSecret).reduce((rest, secret) => rest.replaceAll(secret, '***'), text)
}

/** The part of a foreign text that is worth quoting, in one line. */
export function excerpt(text: string): string {
  const line = text.replaceAll(/[\p{Cc}\s]+/gu, ' ').trim()
  return line.length > 200 ? `${line.slice(0, 199)}…` : line
}

export interface Credential {
  /** What was given in code; else the setting counts. */
  readonly given: string | undefined
  readonly setting: string | null
  /** For the way out: `token`. */
  readonly option: string
  /** `SLACK_BOT_TOKEN`. */
  readonly variable: string
}

/** @throws AlertNotSent naming the variable, when there is none or its reference leads nowhere */
export function credential(name: string, { given, setting, option, variable }: Credential, { reveal }: AlertTools): string {
  const found = optionalCredential(name, given, setting, { reveal })
  if (found !== undefined) return found
  throw new AlertNotSent(`${name}: there is no \`${option}\`: give it, or set ${variable}`, { retryable: false })
}

/** @throws AlertNotSent when a reference leads nowhere */
export function optionalCredential(name: string, given: string | undefined, setting: string | null, { reveal }: Pick<AlertTools, 'reveal'>): string | undefined {
  if (given === undefined) return setting ?? undefined
  try {
    return reveal(given)
  } catch (error) {
    throw new AlertNotSent(`${name}: ${messageOf(error)}`, { retryable: false })
  }
}

/** The failure of a connection. What a certificate lacks it lacks the next time too. */
export function unreachable(name: string, error: unknown, secrets: readonly string[]): AlertNotSent {
  const said = excerpt(withoutSecrets(messageOf(innermost(error)), secrets))
  return new AlertNotSent(`${name}: no answer (${said})`, { retryable: !/certificate/i.test(said) })
}

/** Libraries wrap, and Node bundles the failures of several addresses. */
function innermost(error: unknown): unknown {
  if (error instanceof AggregateError && error.errors.length > 0) return innermost(error.errors[0])
  const { original, cause } = Object(error) as { readonly original?: unknown; readonly cause?: unknown }
  return original !== undefined ? innermost(original) : cause !== undefined ? innermost(cause) : error
}

/** What an HTTP status says: whether to try again, and when. */
export function refusedByStatus(name: string, answer: Response, said: string): AlertNotSent {
  const { status } = answer
  const retryable = status === 408 || status === 425 || status === 429 || status >= 500
  const retryAfterMs = retryAfter(answer)
  const redirect = status >= 300 && status < 400 ? '; redirects are not followed' : ''
  const text = `${name}: the answer was ${status}${redirect}${said === '' ? '' : ` (${excerpt(said)})`}`
  return new AlertNotSent(text, { retryable, ...(retryAfterMs !== undefined && { retryAfterMs }) })
}

/** Seconds, or a date (RFC 9110 §10.2.3). */
function retryAfter({ headers }: Response): number | undefined {
  const given = headers.get('retry-after')
  if (given === null) return undefined
  const ms = /^\d+(\.\d+)?$/.test(given.trim()) ? Number(given) * 1000 : Date.parse(given) - Date.now()
  return Number.isFinite(ms) && ms >= 0 ? ms : undefined
}
