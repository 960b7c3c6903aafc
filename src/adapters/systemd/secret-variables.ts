/** Which variables hold what nobody may read, by their names and by their values. */
import { createLogKeys } from '../../kernel/observe/log-keys.ts'

/** Beyond those that logs hide: a false alarm costs nothing here, the value only lives in another file. */
const furtherNames = /(^|_)(key|keys|pass|pwd|auth|dsn|credentials?)(_|$)|key$/i
/** A URL with a user in it, a header of HTTP, the text of a key. */
const secretValues = /[a-z][a-z0-9+.-]*:\/\/[^/\s@]+@|^(bearer|basic) \S|-----BEGIN [A-Z ]*PRIVATE KEY/i

const logKeys = createLogKeys()

export function isSecretVariable(name: string, value: string): boolean {
  return logKeys(name).hides(value) || (furtherNames.test(name) && name !== 'PWD') || secretValues.test(value)
}
