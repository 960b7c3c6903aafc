import { chmodSync, existsSync, mkdirSync, readFileSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { unitFile } from '../../../testing/service-manager-suite.ts'
import { temporaryFolder } from '../../../../test/testbed/temporary-folder.ts'
import { readForeign, readInstalled } from './read-unit-files.ts'
import { dropInNames, unitPlaces } from './unit-places.ts'
import { type UnitFileChange, writeUnitFiles } from './write-unit-files.ts'

async function folder() {
  const { path, [Symbol.asyncDispose]: remove } = await temporaryFolder()
  const places = unitPlaces('user', join(path, 'config/systemd/user'), join(path, 'run'))
  const write = (change: Partial<UnitFileChange>) => writeUnitFiles(places, { units: [], removed: [], secretEnv: [], ...change })
  return { path, places, write, file: (name: string) => join(places.directory, name), [Symbol.asyncDispose]: remove }
}
const unit = (name: string, line = 'ExecStart=/bin/true') => unitFile(name, 'service', line)
const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8)

test('units of an account are for it alone, those of the machine for all to read, whatever the umask', async () => {
  await using at = await folder()
  const before = process.umask(0o077)
  try {
    await at.write({ units: [unit('web')] })
    await writeUnitFiles({ ...unitPlaces('system', join(at.path, 'system'), '/run'), dropInDirectories: [] }, { units: [unit('web')], removed: [], secretEnv: [] })
  } finally {
    process.umask(before)
  }
  expect(modeOf(at.file('taskflows-web.service'))).toBe('600')
  expect(modeOf(join(at.path, 'system/taskflows-web.service'))).toBe('644')
})

test('values for the file of secrets are at 0600 below directories at 0700, and go with null', async () => {
  await using at = await folder()
  const path = join(at.path, 'state/services/user/web.env')
  await at.write({ secretEnv: [{ path, text: 'PASSWORD=x\n' }] })
  expect([modeOf(path), modeOf(join(at.path, 'state/services/user')), modeOf(join(at.path, 'state')), readFileSync(path, 'utf8')]).toEqual(['600', '700', '700', 'PASSWORD=x\n'])
  await at.write({ secretEnv: [{ path, text: null }] })
  expect(existsSync(path)).toBe(false)
  await at.write({ secretEnv: [{ path, text: null }], removed: ['taskflows-never.service'] })
})

test('when one file of a batch cannot be written, none is', async () => {
  await using at = await folder()
  await at.write({ units: [unit('old', 'ExecStart=/bin/old'), unit('leaves')], secretEnv: [{ path: join(at.path, 'state/old.env'), text: 'A=1\n' }] })
  const before = readdirSync(at.places.directory)
  const secretEnv = [{ path: join(at.path, 'state/old.env'), text: 'A=2\n' }, { path: join(at.path, 'state/old.env/below.env'), text: 'B=1\n' }]
  await expect(at.write({ units: [unit('old', 'ExecStart=/bin/new'), unit('fresh')], removed: ['taskflows-leaves.service'], secretEnv })).rejects.toMatchObject({ code: 'service.not_written' })
  expect(readdirSync(at.places.directory)).toEqual(before)
  expect(readFileSync(at.file('taskflows-old.service'), 'utf8')).toContain('/bin/old')
  expect(readFileSync(join(at.path, 'state/old.env'), 'utf8')).toBe('A=1\n')
})

test('what a killed process of the same number left is in nobody\'s way', async () => {
  await using at = await folder()
  await at.write({ units: [unit('other')] })
  symlinkSync(at.file('elsewhere'), at.file(`.taskflows-web.service.${process.pid}.new`))
  await at.write({ units: [unit('web')] })
  expect(readdirSync(at.places.directory)).toEqual(['taskflows-other.service', 'taskflows-web.service'])
})

test('what took its place goes back when a later step fails', async () => {
  await using at = await folder()
  await at.write({ units: [unit('old', 'ExecStart=/bin/old'), unit('leaves')] })
  chmodSync(at.file('taskflows-old.service'), 0o640)
  const before = readdirSync(at.places.directory)
  // A directory that appears between the look and the rename, as another program could make it.
  const late = { ...unit('zz') }
  let looked = 0
  Object.defineProperty(late, 'text', { get: () => {
    if (looked++ === 0) queueMicrotask(() => mkdirSync(at.file('taskflows-zz.service')))
    return unit('zz').text
  } })
  await expect(at.write({ units: [unit('old', 'ExecStart=/bin/new'), unit('fresh'), late], removed: ['taskflows-leaves.service'] })).rejects.toMatchObject({ code: 'service.not_written', hint: 'Nothing was changed.' })
  expect(readdirSync(at.places.directory)).toEqual([...before, 'taskflows-zz.service'])
  expect(readFileSync(at.file('taskflows-old.service'), 'utf8')).toContain('/bin/old')
  expect(modeOf(at.file('taskflows-old.service'))).toBe('640')
})

test('a link is neither written through nor removed, and a masked unit is one', async () => {
  await using at = await folder()
  const outside = join(at.path, 'outside')
  writeFileSync(outside, unit('web').text)
  mkdirSync(at.places.directory, { recursive: true })
  symlinkSync(outside, at.file('taskflows-web.service'))
  symlinkSync('/dev/null', at.file('taskflows-masked.service'))
  await expect(at.write({ units: [unit('web', 'ExecStart=/bin/new')] })).rejects.toMatchObject({ name: 'SecurityError', code: 'service.unsafe' })
  await expect(at.write({ removed: ['taskflows-web.service'] })).rejects.toMatchObject({ code: 'service.unsafe' })
  await expect(at.write({ units: [unit('masked')] })).rejects.toMatchObject({ code: 'service.unsafe' })
  expect(readFileSync(outside, 'utf8')).toBe(unit('web').text)
})

test('a copy of a unit of ours under another name is not ours', async () => {
  await using at = await folder()
  await at.write({ units: [unit('web')] })
  writeFileSync(at.file('taskflows-copy.service'), unit('web').text)
  writeFileSync(at.file('other.service'), unit('web').text)
  expect((await readInstalled(at.places)).map(({ unit: name }) => name)).toEqual(['taskflows-web.service'])
  expect(await readForeign(at.places)).toEqual([at.file('taskflows-copy.service')])
  await expect(at.write({ removed: ['taskflows-copy.service'] })).rejects.toMatchObject({ code: 'service.invalid' })
})

test('with a unit its empty directory of drop-ins goes, and one in which somebody put something stays', async () => {
  await using at = await folder()
  await at.write({ units: [unit('a'), unit('b')] })
  for (const name of ['a', 'b']) mkdirSync(at.file(`taskflows-${name}.service.d`))
  writeFileSync(at.file('taskflows-b.service.d/x.conf'), '[Service]\n')
  await at.write({ removed: ['taskflows-a.service', 'taskflows-b.service'] })
  expect(readdirSync(at.places.directory)).toEqual(['taskflows-b.service.d'])
})

test('of drop-ins with the same name the one of the control directory wins, and a link to nothing takes it back', async () => {
  await using at = await folder()
  await at.write({ units: [unit('web-api'), unit('worker')] })
  const put = (directory: string, name: string, text: string) => {
    mkdirSync(join(directory, name, '..'), { recursive: true })
    writeFileSync(join(directory, name), text)
  }
  const [control, runtime] = [join(at.path, 'config/systemd/user.control'), join(at.path, 'run/systemd/user.control')]
  put(at.places.directory, 'taskflows-web-api.service.d/50-limits.conf', 'mine')
  put(control, 'taskflows-web-api.service.d/50-limits.conf', 'control')
  put(runtime, 'taskflows-web-.service.d/10-memory.conf', 'runtime')
  put(at.places.directory, 'taskflows-.service.d/99-all.conf', 'all')
  put(at.places.directory, 'taskflows-web-api.service.d/notes.txt', 'no drop-in')
  const found = Object.fromEntries((await readInstalled(at.places)).map(({ service, dropIns }) => [service, dropIns.map(({ text }) => text)]))
  expect(found).toEqual({ 'web-api': ['runtime', 'control', 'all'], 'worker': ['all'] })
  mkdirSync(join(control, 'taskflows-.service.d'))
  symlinkSync('/dev/null', join(control, 'taskflows-.service.d/99-all.conf'))
  expect((await readInstalled(at.places)).find(({ service }) => service === 'worker')?.dropIns).toEqual([])
})

test('an instance that is enabled counts for its template', async () => {
  await using at = await folder()
  await at.write({ units: [unit('worker@'), unit('web')] })
  mkdirSync(at.file('default.target.wants'))
  symlinkSync(at.file('taskflows-worker@.service'), at.file('default.target.wants/taskflows-worker@2.service'))
  expect((await readInstalled(at.places)).map(({ service, enabled }) => [service, enabled])).toEqual([['web', false], ['worker@', true]])
})

test('the directories of drop-ins follow the dashes of the name', () => {
  expect(dropInNames('stop-taskflows-a-b.timer')).toEqual(['stop-taskflows-a-b.timer.d', 'stop-taskflows-a-.timer.d', 'stop-taskflows-.timer.d', 'stop-.timer.d'])
  expect(dropInNames('taskflows-worker@.service')).toEqual(['taskflows-worker@.service.d', 'taskflows-.service.d'])
})
