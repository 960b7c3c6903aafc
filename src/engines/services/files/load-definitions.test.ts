import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { TaskflowsError } from '../../../kernel/errors.ts'
import { loadDefinitions } from './load-definitions.ts'
import { showDefinition } from '../define/write-definition.ts'

const root = mkdtempSync(join(tmpdir(), 'load-'))
mkdirSync(join(root, 'node_modules'))
symlinkSync(resolve(import.meta.dirname, '../../../..'), join(root, 'node_modules/taskflows'))
afterAll(() => { rmSync(root, { recursive: true }) })

let made = 0

/** A directory of its own with these files, since a module is loaded once. */
function folder(files: Readonly<Record<string, string>>): string {
  const directory = join(root, `folder-${++made}`)
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, name)), { recursive: true })
    writeFileSync(join(directory, name), text)
  }
  return directory
}

const namesOf = async (path: string, options = {}) => (await loadDefinitions(path, { cwd: root, ...options })).definitions.map(({ name }) => name)

async function refusalOf(path: string): Promise<TaskflowsError> {
  const error: unknown = await loadDefinitions(path, { cwd: root }).then(() => new Error('expected a refusal'), (thrown: unknown) => thrown)
  if (error instanceof TaskflowsError) return error
  throw error
}

const service = (name: string, rest = '') => `new Service({ name: '${name}', startCommand: 'sleep 1'${rest} })`
const use = "import { Service, ServiceRegistry } from 'taskflows'\n"

test('services count whether they are exported or not, in lists, in registries, and in modules that are imported', async () => {
  const directory = folder({
    'main.ts': `${use}import { far } from './far.ts'\nconst srv = ${service('plain')}\nawait srv.create()\nexport const listed = [${service('listed')}]\nexport const registry = new ServiceRegistry(${service('in-registry')}, far)\nregistry.start()`,
    'far.ts': `${use}export const far = ${service('far')}`,
  })
  expect((await namesOf(join(directory, 'main.ts'))).sort()).toEqual(['far', 'in-registry', 'listed', 'plain'])
  expect((await namesOf(join(directory, 'main.ts'))).sort(), 'again').toEqual(['far', 'in-registry', 'listed', 'plain'])
  expect((await namesOf(directory)).sort()).toEqual(['far', 'in-registry', 'listed', 'plain'])
})

test('subclasses fill in what they know, and a definition names the file that it stands in', async () => {
  const directory = folder({
    'web.ts': `${use}export class WebService extends Service {\n  constructor(app, port, options) { super({ startCommand: \`uvicorn \${app} --port \${port}\`, ...options }) }\n}`,
    'services.ts': "import { WebService } from './web.ts'\nnew WebService('app:app', 8000, { name: 'web', workingDirectory: '.' })",
  })
  const { definitions: [web] } = await loadDefinitions('services.ts', { cwd: directory })
  expect(web).toMatchObject({ name: 'web', startCommand: { argv: ['uvicorn', 'app:app', '--port', '8000'] }, source: join(directory, 'services.ts'), workingDirectory: directory })
})

test('a function or task that the module exports is its command', async () => {
  const directory = folder({
    'jobs.ts': "import { task } from 'taskflows'\nexport const elsewhere = task(() => 1, { name: 'else' })",
    'main.ts': `${use}import { defineJobs, task } from 'taskflows'\nimport { elsewhere } from './jobs.ts'\nconst run = (name, startCommand) => new Service({ name, startCommand })\nfunction one() {}\nrun('one', one)\nrun('two', two)\nrun('three', jobs.deep)\nrun('four', elsewhere)\nexport { one as first, elsewhere }\nexport function two() {}\n`.replace("run('one'", "export const jobs = defineJobs({ deep: () => 1 })\nrun('one'"),
  })
  const { definitions } = await loadDefinitions('main.ts', { cwd: directory })
  expect(Object.fromEntries(definitions.map(({ name, startCommand }) => [name, startCommand.kind === 'function' ? startCommand.export : '']))).toEqual({ one: 'first', two: 'two', three: 'jobs.deep', four: 'elsewhere' })
})

test('a function that the module does not export is refused by name', async () => {
  const directory = folder({ 'main.ts': `${use}function hidden() {}\nnew Service({ name: 'a', startCommand: hidden })` })
  const error = await refusalOf(join(directory, 'main.ts'))
  expect([error.code, error.message]).toEqual(['service.invalid', expect.stringContaining('service "a": startCommand is the function hidden, which')])
})

test('two services of one name are refused, with both places', async () => {
  const directory = folder({ 'a.ts': use + service('twin'), 'b.ts': `${use}\n${service('twin')}` })
  const error = await refusalOf(directory)
  expect([error.name, error.message]).toEqual(['ValidationError', `two services are named "twin": ${directory}/a.ts:2 and ${directory}/b.ts:3`])
})

test('the same name in both scopes is two services', async () => {
  const directory = folder({ 'a.ts': `${use}${service('both')}\n${service('both', ", scope: 'system'")}` })
  expect((await loadDefinitions(directory, { cwd: '/' })).definitions.map(({ name, scope }) => `${scope} ${name}`)).toEqual(['user both', 'system both'])
})

test('a scope that is asked for holds for those that do not say', async () => {
  const directory = folder({ 'a.ts': `${use}${service('one')}\n${service('two', ", scope: 'user'")}`, 'b.yaml': 'services: [{ name: three, start_command: x }]' })
  const { definitions } = await loadDefinitions(directory, { cwd: '/', scope: 'system' })
  expect(definitions.map(({ name, scope }) => `${scope} ${name}`)).toEqual(['system one', 'user two', 'system three'])
})

test('a directory is searched, and what is none of ours is passed over', async () => {
  const directory = folder({
    'a.ts': use + service('a'), 'deep/b.mts': use + service('b'), 'c.cjs': `const { Service } = require('taskflows')\n${service('c')}`, 'd.yml': 'taskflows_services: { d: { start_command: x } }',
    'plain.ts': 'export const x = 1', 'other.yaml': 'a: 1', 'docker-compose.yml': 'services: { db: { image: postgres } }', 'a.test.ts': 'throw new Error()', 'types.d.ts': 'syntax error!', 'node_modules/x.js': 'throw 1', '.hidden/x.js': 'throw 1',
  })
  const { definitions, files } = await loadDefinitions(directory, { cwd: '/' })
  expect(definitions.map(({ name }) => name).sort()).toEqual(['a', 'b', 'c', 'd'])
  expect(files.map((file) => file.slice(directory.length + 1))).toEqual(['a.ts', 'c.cjs', 'd.yml', 'deep/b.mts', 'other.yaml', 'plain.ts'])
})

test('patterns choose by name', async () => {
  const directory = folder({ 'a.yaml': 'services: { web-1: { start_command: x }, web-2: { start_command: x }, job: { start_command: x } }' })
  expect(await namesOf(directory, { include: ['web-*'] })).toEqual(['web-1', 'web-2'])
  expect(await namesOf(directory, { include: ['web-*', 'job'], exclude: ['*-1'] })).toEqual(['web-2', 'job'])
  await expect(namesOf(directory, { include: ['nope'] })).rejects.toThrow(/none of the 3 services/)
})

test('a module that throws is named, and a definition that is wrong keeps its code', async () => {
  const directory = folder({ 'throws.ts': "throw new Error('no luck')", 'wrong.ts': `${use}\n${service('../evil')}` })
  expect(await refusalOf(join(directory, 'throws.ts'))).toMatchObject({ code: 'module.unloadable', message: expect.stringContaining(join(directory, 'throws.ts')) })
  expect(await refusalOf(join(directory, 'wrong.ts'))).toMatchObject({ name: 'SecurityError', code: 'service.unsafe', message: expect.stringContaining(join(directory, 'wrong.ts')) })
})

test('nothing there, and nothing in it', async () => {
  const directory = folder({ 'empty.ts': 'export {}', 'text.txt': '' })
  expect((await refusalOf(join(directory, 'nowhere'))).code).toBe('services.none')
  expect((await refusalOf(directory)).code).toBe('services.none')
  expect((await refusalOf(join(directory, 'text.txt'))).code).toBe('services.none')
})

test.each([
  ['services:\n  - name: a\n    start_command: x\n  - name: b\n    start_command: x | y\n', /:5: service "b": services\[1\]\.start_command: `\|` is for a shell/],
  ['services:\n  a:\n    start_comand: x\n', /:3: service "a": services\.a\.start_comand: is no field/],
  ['services:\n  a: 1\n', /:2: expected the fields of a service, got 1/],
  ['servises:\n  a: {}\n', /:1: "servises" is no key of a file of services/],
  ['services: []\ntaskflows_services: []\n', /:2: taskflows_services says the same/],
  ['services: [\n', /:2:1: is not YAML/],
  ['services: !js [x]\n', /:1:11: is not YAML/],
  ['services:\n  a: { name: b, start_command: x }\n', /named "b"/],
  ['a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nservices: [*c,*c,*c,*c,*c]\n', /Excessive alias count/],
  ['['.repeat(100_000), /is not YAML/],
])('a YAML file that is wrong: %#', async (text, message) => {
  const directory = folder({ 'services.yaml': text })
  const error = await refusalOf(join(directory, 'services.yaml'))
  expect([error.code, error.message]).toEqual(['service.invalid', expect.stringMatching(message)])
})

test('YAML says what code says, with anchors and merge keys', async () => {
  const directory = folder({ 'services.yaml': 'x-usual: &usual\n  restart_policy: no\n  env: { DEBUG: 1 }\ndashboards: []\nservices:\n  web:\n    <<: *usual\n    start_command: ./web.sh\n    cgroup_config: { memory_limit: 1.5GB }\n    timeout: 1h\n    start_schedule: Mon-Fri 09:00\n    environment: { env_name: ml }\n' })
  const { definitions: [web], notes } = await loadDefinitions('services.yaml', { cwd: directory })
  expect(web).toMatchObject({
    name: 'web', restartPolicy: { condition: 'no' }, env: { DEBUG: '1' }, startCommand: { argv: [join(directory, 'web.sh')] }, cgroupConfig: { memoryLimit: 1.5 * 1024 ** 3 }, timeout: 3600,
    startSchedule: [{ kind: 'calendar', schedule: 'Mon..Fri *-*-* 09:00:00' }], environment: { kind: 'venv', envName: 'ml' }, source: join(directory, 'services.yaml'),
  })
  expect(notes).toEqual([`${directory}/services.yaml:4: dashboards was left out: dashboards are not supported yet`])
  expect(showDefinition(web!, { secrets: 'mask' }).name).toBe('web')
})
