import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../../../../test/testbed/temporary-folder.ts'
import { unitExists } from './find-unit.ts'

const here = ['/usr/lib/systemd/user', '/lib/systemd/user'].some((directory) => existsSync(directory))

test.runIf(here)('a unit is found where the account or the machine has it, an instance by its template', async () => {
  await using folder = await temporaryFolder()
  for (const unit of ['mine.service', 'many@.timer']) writeFileSync(join(folder.path, unit), '')
  const found = (unit: string) => unitExists(unit, 'user', folder.path)
  expect(['mine.service', 'many@.timer', 'many@1.timer', 'basic.target'].map(found)).toEqual([true, true, true, true])
  expect(['other.service', 'mine.timer', 'mine@1.service', 'multi-user.target'].map(found)).toEqual([false, false, false, false])
})

test('of what comes about by itself, and where there is no systemd, nothing can be told', async () => {
  await using folder = await temporaryFolder()
  expect(['batch.slice', 'home.mount', 'dev-sda.device'].map((unit) => unitExists(unit, 'user', folder.path))).toEqual([undefined, undefined, undefined])
  if (!here) expect(unitExists('mine.service', 'user', folder.path)).toBeUndefined()
})
