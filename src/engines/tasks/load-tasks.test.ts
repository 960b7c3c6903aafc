import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { loadTasks } from './load-tasks.ts'

let folder: string
beforeAll(() => { folder = mkdtempSync(join(tmpdir(), 'taskflows-modules-')) })
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const library = new URL('./index.ts', import.meta.url).href
function module(name: string, text: string): string {
  writeFileSync(join(folder, name), `import { task } from ${JSON.stringify(library)}\n${text}\n`)
  return name
}

test('the tasks of several modules are found by name, from paths relative to a folder', async () => {
  const one = module('one.ts', 'export const mail = task((to: string) => to, { name: "mail" })')
  const two = module('two.mjs', 'export const resize = task(() => 1, { name: "resize" })')
  const tasks = await loadTasks([`./${one}`, join(folder, two)], folder)
  expect([...tasks.keys()]).toEqual(['mail', 'resize'])
  expect(tasks.get('mail')!.fn('me')).toBe('me')
})

test('the same module twice is no conflict, two modules with one name are', async () => {
  const one = module('same-one.ts', 'export const a = task(() => 1, { name: "same" })')
  const two = module('same-two.ts', 'export const a = task(() => 2, { name: "same" })')
  expect((await loadTasks([one, one], folder)).size).toBe(1)
  await expect(loadTasks([one, two], folder)).rejects.toMatchObject({ code: 'task.invalid', message: 'same-two.ts and same-one.ts both define a task named "same"' })
})

test('a module that is not there, that throws or that holds no tasks is named', async () => {
  await expect(loadTasks(['nowhere.ts'], folder)).rejects.toMatchObject({ code: 'module.unloadable', message: `the module ${join(folder, 'nowhere.ts')} does not exist` })
  const broken = module('broken.ts', '\nthrow new RangeError("no luck")')
  await expect(loadTasks([broken], folder)).rejects.toMatchObject({
    code: 'module.unloadable', message: `the module ${join(folder, broken)} threw while it was loaded: no luck (at ${join(folder, broken)}:3:7)`,
  })
  await expect(loadTasks([module('empty.ts', 'export const n = 1')], folder)).rejects.toMatchObject({ code: 'module.no_tasks' })
})

test('what type stripping cannot run is explained, and so is an import that is missing', async () => {
  const enumeration = loadTasks([module('enum.ts', 'enum Colour { Red }\nexport default Colour')], folder)
  await expect(enumeration).rejects.toMatchObject({ code: 'module.unloadable', hint: expect.stringContaining('--import tsx') })
  mkdirSync(join(folder, 'npm-init'))
  writeFileSync(join(folder, 'npm-init/package.json'), '{ "type": "commonjs" }')
  await expect(loadTasks([module('npm-init/tasks.ts', '')], folder)).rejects.toMatchObject({ code: 'module.unloadable', hint: expect.stringContaining('"type": "commonjs"') })
  await expect(loadTasks([module('import.ts', 'import "./missing"')], folder)).rejects.toMatchObject({ code: 'module.unloadable', hint: expect.stringContaining('file ending') })
})
