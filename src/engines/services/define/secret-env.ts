/** Which variables are kept out of units, lists and versions that others read: by their name, or by a password in a URL. */

const secretName = /pass(?:word|wd|phrase)|secret|token|credential|authorization|cookie|(?:^|_)(?:pass|pw|pwd|auth|dsn)$|key(?:s?$|_)/i
const urlWithPassword = /[a-z][a-z0-9+.-]*:\/\/[^\s/@:]*:[^\s/@]+@/i

export function looksSecret(name: string, value: string): boolean {
  return value !== '' && (secretName.test(name) || urlWithPassword.test(value))
}

/** What stands in its place. */
export const mask = '********'
