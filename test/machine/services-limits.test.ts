/** Limits and startup requirements of services, enforced by the systemd and the kernel of this machine. */
import { existsSync, readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { servicesHost } from '../testbed/systemd/services-host.ts'
import { missingForUserManager, startUserManager } from '../testbed/systemd/user-manager.ts'
import { expectCases, keeperOf, limitCases, properties, unitOf } from './services/limit-cases.ts'

const missing = missingForUserManager()
if (missing !== undefined) console.log(`${process.env['CI'] ? 'missing' : 'skipped'}: a systemd user manager: ${missing}`)

describe.skipIf(missing !== undefined && !process.env['CI'])('limits and requirements', () => {
  test('are those of the definition, and hold', { timeout: 60_000 }, async () => {
    await using manager = await startUserManager()
    const host = servicesHost(manager, join(manager.home, 'work'))
    const cases = limitCases({ directory: host.directory, node: process.execPath, cpus: availableParallelism(), pureCgroup2: existsSync('/sys/fs/cgroup/cgroup.controllers') })
    const result = await host.create(...cases.map(({ definition }) => definition), keeperOf(cases))
    expect(result.items.filter(({ problem }) => problem !== null)).toEqual([])
    const units = cases.map(unitOf)
    await host.systemctl('start', 'taskflows-keeper.service')
    // It fails for those that must.
    await host.systemctl('start', ...units).catch(() => {})
    const shown = await vi.waitFor(async () => {
      const found = await host.showAll(units, ...properties)
      expect(found.filter(({ ActiveState }) => ActiveState !== 'inactive' && ActiveState !== 'failed')).toEqual([])
      return found
    }, { timeout: 30_000, interval: 200 })
    expectCases(cases, shown, (name) => {
      const file = join(host.directory, name)
      return existsSync(file) ? readFileSync(file, 'utf8') : undefined
    })
  })
})
