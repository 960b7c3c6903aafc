/**
 * The package, packed, and installed in a project that knows nothing of this one: what is in it, its types, and
 * that what docs/guides/library.md tells works there, on the oldest and the newest Node.
 */
import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { findPostgres, startPostgres } from '../testbed/postgres.ts'
import { type ForeignProject, Terminal, compilers, createForeignProject, missingNodes, nodes } from './foreign-project.ts'

const repository = join(import.meta.dirname, '../..')
const run = promisify(execFile)
let project: ForeignProject

beforeAll(() => {
  project = createForeignProject()
}, 300_000)
afterAll(() => project?.[Symbol.dispose]())

const installed = (path: string) => join(project.directory, 'node_modules/taskflows', path)
const program = (name: string) => join(repository, 'node_modules/.bin', name)

describe('the tarball', () => {
  const allowed = /^(package\.json|README\.md|CHANGELOG\.md|LICENSE|docs\/[\w/-]+\.md|deploy\/observability\/[\w./-]+|dist\/[\w/-]+(\.d\.ts|\.js|\.sql|\.bash|\.zsh|\.fish))$/

  test('holds compiled code, its types, what the code reads, and documents: no sources, no tests', () => {
    const { files } = project.packed
    expect(files.filter((path) => !allowed.test(path))).toEqual([])
    expect(files).toEqual(expect.arrayContaining(['LICENSE', 'README.md', 'dist/index.js', 'dist/index.d.ts', 'dist/migrations/0001-jobs.sql', 'dist/faces/cli/completion/tf.fish']))
    expect(['index', 'client/index', 'contract/index', 'testing/index'].filter((name) => !files.includes(`dist/${name}.d.ts`))).toEqual([])
  })

  test('is small, and tells nothing of where it was made', () => {
    expect(project.packed.sizeBytes).toBeLessThan(1_000_000)
    const text = (path: string) => readFileSync(installed(path), 'utf8')
    expect(project.packed.files.filter((path) => text(path).includes(repository) || text(path).includes('sourceMappingURL'))).toEqual([])
  })

  test('names what it offers: files that exist, types first, Node 24 or newer', () => {
    const { exports, bin, engines, license, sideEffects } = JSON.parse(readFileSync(installed('package.json'), 'utf8')) as {
      exports: Record<string, string | Record<string, string>>; bin: Record<string, string>; engines: object; license: string; sideEffects: string[]
    }
    expect({ engines, license }).toEqual({ engines: { node: '>=24' }, license: 'MIT' })
    expect(Object.keys(bin).sort()).toEqual(['dls', 'taskflows', 'tf'])
    const targets = Object.values(exports).flatMap((target) => (typeof target === 'string' ? target : [target['types']!, target['default']!]))
    expect([...targets, ...Object.values(bin), ...sideEffects].filter((path) => !existsSync(installed(path)))).toEqual([])
    const conditions = Object.values(exports).filter((target) => typeof target === 'object').map((target) => Object.keys(target).filter((name) => name !== 'source'))
    expect(conditions).toEqual(conditions.map(() => ['types', 'default']))
  })

  test('publint finds nothing', async () => {
    const { stdout } = await run(process.execPath, [program('publint'), 'run', '--strict', project.packed.tarball])
    expect(stdout).toContain('All good!')
  })

  test('are-the-types-wrong finds nothing, for a package that has ES modules only', async () => {
    const { stdout } = await run(process.execPath, [program('attw'), '--profile', 'esm-only', '--format', 'json', project.packed.tarball])
    expect(Object.keys((JSON.parse(stdout) as { analysis: { entrypoints: object } }).analysis.entrypoints)).toContain('./testing')
  }, 60_000)
})

describe('the types, with a look into every declaration', () => {
  const strict = ['-p', '.', '--skipLibCheck', 'false', '--exactOptionalPropertyTypes', '--noUncheckedIndexedAccess', '--declaration']
  const nodenext = ['--module', 'nodenext']
  const bundler = ['--module', 'esnext', '--moduleResolution', 'bundler']

  test.for([
    { compiler: 'TypeScript 5', tsc: compilers['5']!, resolution: nodenext },
    { compiler: 'TypeScript 7', tsc: compilers['7']!, resolution: nodenext },
    { compiler: 'TypeScript 7, as for a bundler', tsc: compilers['7']!, resolution: bundler },
  ])('are accepted by $compiler', { timeout: 90_000 }, async ({ tsc, resolution }) => {
    expect(await compile(tsc, [...strict, ...resolution])).toBe('')
  })

  test('of the client and the contract are accepted in a browser', { timeout: 60_000 }, async () => {
    const directory = mkdtempSync(join(project.directory, 'browser-'))
    onTestFinished(() => rmSync(directory, { recursive: true }))
    writeFileSync(join(directory, 'tsconfig.json'), JSON.stringify({
      compilerOptions: { target: 'es2022', lib: ['es2022', 'dom'], module: 'esnext', moduleResolution: 'bundler', types: [], strict: true, skipLibCheck: false, noEmit: true },
    }))
    writeFileSync(join(directory, 'page.ts'), `
      import { connectTo } from 'taskflows/client'
      import { type Job, contract } from 'taskflows/contract'
      export const job: Promise<Job> = connectTo({ url: '', token: '' }).jobs.get({ id: contract.jobs.get.path })
    `)
    expect(await compile(compilers['7']!, ['-p', directory])).toBe('')
  })

  /** What the compiler has to say. */
  async function compile(tsc: string, args: readonly string[]): Promise<string> {
    return run(process.execPath, [tsc, ...args], { cwd: project.directory }).then(({ stdout }) => stdout, (error: { stdout: string }) => error.stdout)
  }
})

const missing = missingNodes()
for (const reason of missing.values()) console.log(`${process.env.CI ? 'missing' : 'skipped'}: the package on ${reason}`)

describe.for(Object.entries(nodes).filter(([version]) => process.env.CI || !missing.has(version)))('Node %s', ([version, node]) => {
  test('loads nothing but what defines tasks and services, and enqueue, for the library', async () => {
    const hook = 'import { registerHooks } from "node:module"; registerHooks({ load: (url, context, next) => { console.error(url); return next(url, context) } })'
    writeFileSync(join(project.directory, 'only.ts'), "import { isTask, task } from 'taskflows'\nif (isTask(task(() => 1, { name: 'one' }))) console.log(process.versions.node)\n")
    const { out, err } = await new Terminal(project, node).run('node', ['--import', `data:text/javascript,${encodeURIComponent(hook)}`, 'only.ts'])
    expect(out).toMatch(new RegExp(`^${version}\\.`))
    const loaded = err.split('\n').filter((url) => url.startsWith('file:') && !url.endsWith('/only.ts'))
    // The build says of each part of a file which module it was.
    const modules = loaded.flatMap((url) => [...readFileSync(new URL(url), 'utf8').matchAll(/^\/\/ (dist\/.*\.js)$/gm)].map(([, module]) => module!))
    expect(modules.length).toBeGreaterThan(50)
    expect(modules.filter((module) => !/^dist\/(index|metrics|notify|kernel\/.*|engines\/(tasks|jobs|services)\/.*)\.js$/.test(module))).toEqual([])
    expect(err).not.toMatch(/node_modules\/(?!taskflows\/)/)
  })

  test('runs a task that is called, without server and home', async () => {
    const { out } = await new Terminal(project, node, { TASKFLOWS_HOME: join(project.directory, 'no-home') }).run('node', ['hello.ts'])
    expect(out).toBe('Hello, Ada!\n')
  })

  test('serves, and works on the jobs of a module of the project', async () => {
    const home = mkdtempSync(join(tmpdir(), 'tf-home-'))
    onTestFinished(() => rmSync(home, { recursive: true }))
    const terminal = new Terminal(project, node, { TASKFLOWS_HOME: home })
    expect((await terminal.npx('tf', '--help')).out).toContain('Usage: tf')
    expect((await terminal.npx('tf', 'version')).out).toContain(`(Node ${version}.`)

    const server = await terminal.start(['tf', 'serve', '--port', '0'], /listens on (http:\S+)/)
    const worker = await terminal.start(['tf', 'worker', './jobs.ts'], /runs nap, greet|runs greet, nap/)
    const added = await terminal.npx('tf', 'jobs', 'add', 'greet', '--payload', '{"who":"Ada"}', '--wait')
    expect(added).toMatchObject({ code: 0, out: expect.stringContaining('SUCCEEDED: "Hello, Ada!"') as string })

    const { out: token } = await terminal.npx('tf', 'api', 'tokens', 'create', 'shop', '--role', 'operator')
    const program = await terminal.run('node', ['add.ts'], { SHOP_URL: server.said[1]!, SHOP_TOKEN: token.trim() })
    expect(program).toMatchObject({ code: 0, out: expect.stringMatching(/^greet is (PENDING|RUNNING|SUCCEEDED)\n$/) as string })
    await worker.stop()
    await server.stop()
  }, 120_000)

  test('has the earlier command, which names the one of today', async () => {
    expect(await new Terminal(project, node).npx('dls', 'security', 'status')).toEqual({ code: 2, out: '', err: 'error: dls is now tf\nhint: Use tf api security status\n' })
  })

  test('runs the tests of the project', async () => {
    await using postgres = await startPostgres({ programs: findPostgres(process.env.TASKFLOWS_TEST_POSTGRES || '18')!, fsync: false })
    const { code, out, err } = await new Terminal(project, node).run('node', ['node_modules/vitest/vitest.mjs', 'run', '--dir', '.', '--no-color'], { POSTGRES_URL: postgres.url })
    expect(code, out + err).toBe(0)
    expect(out).toMatch(/Tests {2}2 passed \(2\)/)
  }, 60_000)
})
