import { expect, test } from 'vitest'
import { missingForDocker, shellImage, startDockerEngine } from './docker-engine.ts'

const missing = missingForDocker()
if (missing !== undefined) console.log(`${process.env['CI'] ? 'missing' : 'skipped'}: Docker: ${missing}`)

test.skipIf(missing !== undefined && !process.env['CI'])('a daemon that was killed comes back with what it had', { timeout: 60_000 }, async () => {
  await using engine = await startDockerEngine()
  expect(await engine.docker('run', '--name', 'one', shellImage, 'sh', '-c', 'echo hello; exit 0')).toBe('hello')
  await engine.kill('SIGKILL')
  await engine.start()
  expect(await engine.inspect('one')).toMatchObject({ State: { ExitCode: 0 } })
})
