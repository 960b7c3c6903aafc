/** `tf api tokens` as people use it: against a server with credentials from the environment, and with no server at all. */
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { exitCodes } from '../../src/kernel/errors.ts'
import { type TestDatabase, createTestDatabase } from '../../src/testing/test-database.ts'
import { startTf } from '../machine/crash/program.ts'
import { type Home, newHome } from '../machine/embedded/harness.ts'

let home: Home
let stranger: Home
let database: TestDatabase
let url: string
const stack = new AsyncDisposableStack()

beforeAll(async () => {
  home = stack.use(newHome())
  stranger = stack.use(newHome())
  database = stack.use(await createTestDatabase(inject('postgresUrl')))
  const server = stack.use(startTf(['serve'], { home: home.path, databaseUrl: database.url }))
  url = (await server.saw(/listens on (http:\S+)/))[1]!
})
afterAll(() => stack.disposeAsync())

async function run(args: readonly string[], options: Parameters<typeof startTf>[1]) {
  await using program = startTf(args, options)
  const { code } = await program.ended
  return { code, said: program.said, text: program.said.join('\n') }
}
const tf = (...args: string[]) => run(args, { home: home.path, databaseUrl: database.url })
/** Elsewhere: no home of the server, no database, only a token. */
const withToken = (token: string, ...args: string[]) => run([...args, '-s', url], { home: stranger.path, env: { TASKFLOWS_TOKEN: token } })

test('a credential is printed alone, and is what TASKFLOWS_TOKEN takes', async () => {
  const { code, said } = await tf('api', 'tokens', 'create', 'ci', '--role', 'operator', '--expires', '90d', '-o', 'name', '-q')
  expect({ code, said }).toEqual({ code: 0, said: [expect.stringMatching(/^tfk_[\w-]{43}$/)] })
  const [token] = said as [string]
  expect(await withToken(token, 'jobs', 'add', 'greet')).toMatchObject({ code: 0 })
  expect(await withToken(token, 'api', 'tokens', 'list')).toMatchObject({ code: exitCodes.denied, text: expect.stringMatching(/token:ci \(operator\) may not/) })
  expect(await tf('api', 'tokens', 'revoke', 'ci')).toMatchObject({ code: 0, text: expect.stringMatching(/^token ci is revoked since .*, by host$/) })
  expect(await withToken(token, 'jobs', 'list')).toMatchObject({ code: exitCodes.denied, text: expect.stringMatching(/unknown, revoked or expired\nhint: .*tf api tokens create/) })
})

test('a person is told that it is shown once, and what it is for', async () => {
  const { text } = await tf('api', 'tokens', 'create', 'acme', '--tenant', 'acme')
  expect(text).toMatch(/^tfk_[\w-]{43}$/m)
  expect(text).toMatch(/token acme\/acme is viewer of the tenant acme, for ever\. It is not shown again\./)
  expect(text).toMatch(/TASKFLOWS_TOKEN/)
})

test('tokens are listed as a table, without credentials', async () => {
  await tf('api', 'tokens', 'create', 'listed', '--tenant', 'listed', '--rate-limit', '5')
  const { said } = await tf('api', 'tokens', 'list', '-o', 'wide')
  expect(said[0]).toMatch(/^NAME +ROLE +TENANT +STATE +EXPIRES +LAST USED +CREATED BY +ID +RATE LIMIT +CREATED/)
  expect(said[1]).toMatch(/^listed +viewer +listed +live +never +never +host +[0-9a-f-]{36} +5 /)
  expect(said.join('\n')).not.toContain('tfk_')
})

test('several are revoked at once; what is not there is named, with its own exit code', async () => {
  for (const name of ['one', 'two']) await tf('api', 'tokens', 'create', name)
  expect(await tf('api', 'tokens', 'revoke', 'one', 'nobody', 'two')).toMatchObject({ code: exitCodes.partial, text: expect.stringMatching(/there is no token "nobody"/) })
  expect(await tf('api', 'tokens', 'revoke', 'nobody')).toMatchObject({ code: exitCodes.notFound })
  expect(await tf('api', 'tokens', 'create', 'acme', '--tenant', 'acme')).toMatchObject({ code: exitCodes.error, text: expect.stringMatching(/there is a live token "acme" of the tenant "acme"\nhint: Revoke it first/) })
})

test('tokens can be made where no server runs', async () => {
  const local = (...args: string[]) => run(args, { home: stranger.path, databaseUrl: database.url })
  const { code, said } = await local('api', 'tokens', 'create', 'offline', '-o', 'name', '-q')
  expect(code).toBe(0)
  expect(await withToken(said[0]!, 'jobs', 'list')).toMatchObject({ code: 0 })
  expect((await local('api', 'tokens', 'list')).text).toMatch(/^offline .* local$/m)
})
