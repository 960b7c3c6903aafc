/**
 * Specifiers (systemd.unit(5)) where a unit gets another name or its values become literal: those that stand
 * for the unit's own name are written out, and those of the account can be.
 */
import type { ServiceScope } from '../../../engines/services/service-definition.ts'

export interface SpecifierPlace {
  readonly scope: ServiceScope
  readonly home: string
  readonly uid: number
  readonly userName: string
}

/** Of whole unit names with their suffix: `worker@.service`. */
export function withoutOwnName(value: string, unit: string): { readonly value: string } | { readonly refused: string } {
  const name = unit.slice(0, unit.lastIndexOf('.'))
  const prefix = name.replace(/@.*$/, '')
  const whole = name.endsWith('@') ? `${prefix}@%i` : escaped(name)
  const written: Readonly<Record<string, string>> = { n: `${whole}${unit.slice(unit.lastIndexOf('.'))}`, N: whole, p: escaped(prefix), j: escaped(prefix.slice(prefix.lastIndexOf('-') + 1)) }
  const unknown = [...value.matchAll(/%(.)/gs)].find(([, letter]) => 'PJfyY'.includes(letter!))
  if (unknown) return { refused: `${unknown[0]} stands for the name of the unit or of its file` }
  return { value: value.replace(/%(.)/gs, (found, letter: string) => written[letter] ?? found) }
}

const escaped = (text: string): string => text.replaceAll('%', '%%')

/** The literal text, or the specifier that has none before the unit runs. */
export function literalOf(text: string, { scope, home, uid, userName }: SpecifierPlace): { readonly text: string } | { readonly unknown: string } {
  const user = scope === 'user'
  const values: Readonly<Record<string, string>> = {
    '%': '%', h: home, u: userName, U: String(uid), t: user ? `/run/user/${uid}` : '/run', T: '/tmp', V: '/var/tmp',
    S: user ? `${home}/.config` : '/var/lib', C: user ? `${home}/.cache` : '/var/cache', L: user ? `${home}/.config/log` : '/var/log', E: user ? `${home}/.config` : '/etc',
  }
  const unknown = [...text.matchAll(/%(.?)/gs)].find(([, letter]) => !Object.hasOwn(values, letter!))
  return unknown ? { unknown: unknown[0] } : { text: text.replace(/%(.)/gs, (_, letter: string) => values[letter]!) }
}
