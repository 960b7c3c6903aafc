import { lstatSync, mkdirSync, readdirSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../../../../test/testbed/temporary-folder.ts'
import { linksOf, setEnabledByLinks } from './enable-units.ts'

const web = 'taskflows-web.service'
const text = (install: string) => `[Unit]\nDescription=x\nWantedBy=not.here\n[Service]\nExecStart=/bin/true\n[Install]\n${install}\n`

test.each([
  ['WantedBy=default.target', [`default.target.wants/${web}`]],
  ['WantedBy=a.target b.target\nRequiredBy=c.service\nUpheldBy=d.target', [`a.target.wants/${web}`, `b.target.wants/${web}`, `c.service.requires/${web}`, `d.target.upholds/${web}`]],
  ['WantedBy=a.target \\\n  b.target\n# WantedBy=c.target\n;Alias=x', [`a.target.wants/${web}`, `b.target.wants/${web}`]],
  ['WantedBy=a.target\nWantedBy=\nWantedBy=b.target', [`b.target.wants/${web}`]],
  ['', []],
  ['Alias=other.service', undefined],
  ['WantedBy=default.target\nAlso=other.service', undefined],
  ['WantedBy=%p.target', undefined],
  ['WantedBy=../../x', undefined],
])('[Install] of %j means the links %j', (install, links) => {
  expect(linksOf(web, text(install))).toEqual(links)
})

test('an instance has links of its own, and a template alone is for the manager to judge', () => {
  expect(linksOf('taskflows-worker@1.service', text('WantedBy=default.target'))).toEqual(['default.target.wants/taskflows-worker@1.service'])
  expect(linksOf('taskflows-worker@.service', text('WantedBy=default.target'))).toBeUndefined()
})

test('links come and go, those of others stay, and one that leads elsewhere is put right', async () => {
  await using folder = await temporaryFolder()
  const at = (...names: readonly string[]) => join(folder.path, ...names)
  for (const name of [web, 'taskflows-worker@.service']) writeFileSync(at(name), text('WantedBy=default.target'))
  mkdirSync(at('default.target.wants'))
  symlinkSync('/elsewhere', at('default.target.wants', web))
  symlinkSync('/x', at('default.target.wants/other.service'))
  expect(setEnabledByLinks(folder.path, [web, 'taskflows-worker@1.service', 'taskflows-absent.service'], true)).toEqual(['taskflows-absent.service'])
  expect(readlinkSync(at('default.target.wants', web))).toBe(at(web))
  expect(readlinkSync(at('default.target.wants/taskflows-worker@1.service'))).toBe(at('taskflows-worker@.service'))
  const { ino } = lstatSync(at('default.target.wants', web))
  setEnabledByLinks(folder.path, [web], true)
  expect(lstatSync(at('default.target.wants', web)).ino).toBe(ino)
  expect(setEnabledByLinks(folder.path, [web, 'taskflows-worker@.service'], false)).toEqual([])
  expect(readdirSync(at('default.target.wants'))).toEqual(['other.service'])
  expect(setEnabledByLinks(join(folder.path, 'nothing'), [web], false)).toEqual([])
})
