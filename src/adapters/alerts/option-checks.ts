/** Checks of what destinations are made with. Nothing that may be a credential is quoted. */
import { isLoopbackName } from '../../access/loopback.ts'
import { hasReference, referenceFault } from '../../config/references.ts'

/** A text that may be or hold references. @throws TypeError naming the option */
export function checkedText(of: string, option: string, value: unknown): string {
  const fault = typeof value !== 'string' || value.trim() === '' ? 'a text that is not empty' : referenceFault(value)?.replace(/^expected /, '')
  if (fault === undefined) return value as string
  throw new TypeError(`Expected \`${option}\` of ${of} to be ${fault}${typeof value === 'string' ? '' : `, got ${value === null ? 'null' : typeof value}`}`)
}

/** A URL, or what refers to one. @throws TypeError naming the option */
export function checkedUrl(of: string, option: string, value: unknown, insecure = false): string {
  const url = checkedText(of, option, value)
  const fault = hasReference(url) ? undefined : faultOfUrl(url, insecure)
  if (fault === undefined) return url
  throw new TypeError(`Expected \`${option}\` of ${of} to be ${fault}`)
}

/** Why the text is no URL to post to, as the end of a sentence. @param insecure whether http is good enough for other machines */
export function faultOfUrl(text: string, insecure = false): string | undefined {
  if (!/^https?:\/\/[^\s/?#]/i.test(text) || !URL.canParse(text)) return 'a URL such as https://example.com/hook'
  const { protocol, hostname } = new URL(text)
  if (protocol === 'https:' || insecure || isLoopbackName(hostname)) return undefined
  return 'a URL with https, since what is sent must not be readable on the way'
}
