/** Exposure of many services in one question, against that of each unit as it is written, by systemd-analyze itself. */
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { securityScores } from '../../src/adapters/systemd/analyze/analyze.ts'
import { compileService } from '../../src/adapters/systemd/compile/compile-service.ts'
import { readDefinition } from '../../src/engines/services/define/read-definition.ts'
import type { ServiceScope } from '../../src/engines/services/service-definition.ts'
import { compileHost } from '../testbed/compile-host.ts'
import { temporaryFolder } from '../testbed/temporary-folder.ts'

const services = [
  {}, { hardening: 'web' }, { hardening: 'batch' }, { name: 'w@', instances: ['1'] },
  { type: 'oneshot', timeout: 60, env: { A: 'b', TOKEN: 'x' }, workingDirectory: '/tmp', restartPolicy: 'on-failure', execStartPre: ['/bin/a'] },
  { cgroupConfig: { capDrop: ['ALL'], readOnlyRootfs: true, memoryLimit: '1GB', devices: ['/dev/fuse'] } },
  { directives: { Service: { PrivateNetwork: ['yes'], IPAddressDeny: ['any'], RestrictAddressFamilies: ['AF_UNIX'], Slice: ['a.slice'] } } },
]

const present = (() => {
  try {
    return execFileSync('systemd-analyze', ['--version'], { encoding: 'utf8' }) !== ''
  } catch {
    return false
  }
})()
if (!present) console.log(`${process.env['CI'] ? 'missing' : 'skipped'}: exposure, since systemd-analyze is not installed`)

test.skipIf(!present && !process.env['CI']).each<ServiceScope>(['user', 'system'])('what is left out of the question in scope %s changes no score', async (scope) => {
  await using temporary = await temporaryFolder()
  const folder = temporary.path
  const account = scope === 'system' ? { user: 'daemon' } : {}
  const units = [{}, account].flatMap((more) => services.map((fields) => compileService(readDefinition({ name: 'web', startCommand: '/bin/true', scope, ...fields, ...more }, { directory: '/' }), compileHost(scope)).units[0]!))
  const alone = units.map(({ unit, text }) => {
    writeFileSync(join(folder, unit), text)
    const shown = execFileSync('systemd-analyze', ['security', `--${scope}`, '--offline=true', '--no-pager', join(folder, unit)], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], env: { ...process.env, XDG_RUNTIME_DIR: folder } })
    return Number(/exposure level for .*: (\d+\.\d)/.exec(shown)![1])
  })
  expect((await securityScores(units, scope)).map(({ score }) => score)).toEqual(alone)
  expect(new Set(alone).size).toBeGreaterThan(3)
})
