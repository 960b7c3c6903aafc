/**
 * Services on a real manager, made and driven as a user does it: a file of definitions, and `tf`. What became of them is
 * asked of systemd itself.
 */
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, vi } from 'vitest'
import type { AppliedServices } from '../../../src/contract/services.ts'

const program = fileURLToPath(new URL('../../../src/faces/cli/main.ts', import.meta.url))

/** Where programs run: a user manager, or an account of a whole system. */
export interface Place {
  readonly home: string
  exec(program: string, ...args: readonly string[]): Promise<{ readonly stdout: string; readonly stderr: string }>
}

/** As YAML files have it. */
export type Definition = Readonly<Record<string, unknown>> & { readonly name: string }

export interface ServicesHost {
  /** Both sides see it; each service may write there. */
  readonly directory: string
  /** Runs `tf`. Rejects unless it ends with 0. */
  tf(...args: readonly string[]): Promise<{ readonly stdout: string; readonly stderr: string }>
  /** Defines them in a file, and applies it. */
  create(...definitions: readonly Definition[]): Promise<AppliedServices>
  systemctl(...args: readonly string[]): Promise<{ readonly stdout: string; readonly stderr: string }>
  /** Properties of one unit, as systemd has them. */
  show(unit: string, ...properties: readonly string[]): Promise<Record<string, string>>
  /** Of several units with one question, in their order. */
  showAll(units: readonly string[], ...properties: readonly string[]): Promise<Record<string, string>[]>
  /** Waits until its properties are these. */
  until(unit: string, expected: Readonly<Record<string, unknown>>, timeoutSeconds?: number): Promise<Record<string, string>>
  /** Waits until a service has written so many lines to this file of the directory. */
  lines(name: string, least: number, timeoutSeconds?: number): Promise<string[]>
}

/** What `systemctl show` prints of one or several units. */
export function readProperties(text: string): Record<string, string>[] {
  return text.trim().split('\n\n').map((block) => Object.fromEntries(block.split('\n').map((line) => line.split(/=(.*)/s).slice(0, 2) as [string, string])))
}

/** @param directory an absolute path, made here @param scope whose units `systemctl` asks for */
export function servicesHost(place: Place, directory: string, { scope = 'user', program: [first, ...rest] = [process.execPath, '--conditions=source', program] }: { readonly scope?: 'user' | 'system'; readonly program?: readonly [string, ...string[]] } = {}): ServicesHost {
  mkdirSync(directory, { recursive: true })
  // The account inside is another one than that of the tests.
  chmodSync(directory, 0o777)
  let files = 0
  const systemctl: ServicesHost['systemctl'] = (...args) => place.exec('systemctl', ...(scope === 'user' ? ['--user'] : []), ...args)
  const tf: ServicesHost['tf'] = (...args) => place.exec(first, ...rest, ...args)
  const showAll: ServicesHost['showAll'] = async (units, ...properties) => {
    const { stdout } = await systemctl('show', ...units, `--property=${properties.join(',')}`)
    return readProperties(stdout)
  }
  const show: ServicesHost['show'] = async (unit, ...properties) => (await showAll([unit], ...properties))[0]!
  return {
    directory, tf, systemctl, show, showAll,
    create: async (...definitions) => {
      const file = join(directory, `services-${(files += 1)}.yaml`)
      // YAML is a superset of JSON.
      writeFileSync(file, JSON.stringify({ services: definitions.map((definition) => ({ scope, ...definition })) }))
      const { stdout } = await tf('create', file, '--yes', '-o', 'json')
      return JSON.parse(stdout) as AppliedServices
    },
    until: (unit, expected, timeoutSeconds = 15) => vi.waitFor(async () => {
      const found = await show(unit, ...Object.keys(expected))
      expect(found).toMatchObject(expected)
      return found
    }, { timeout: timeoutSeconds * 1000, interval: 100 }),
    lines: (name, least, timeoutSeconds = 15) => vi.waitFor(() => {
      const path = join(directory, name)
      const found = existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(0, -1) : []
      expect(found.length, `lines of ${name}`).toBeGreaterThanOrEqual(least)
      return found
    }, { timeout: timeoutSeconds * 1000, interval: 50 }),
  }
}
