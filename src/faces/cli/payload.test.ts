import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { readPayload } from './payload.ts'

const refusal = (text: string) => readPayload('--payload', text).catch((thrown: unknown) => thrown)

test('any JSON value is a payload', async () => {
  expect(await readPayload('--payload', '{"a": [1, null]}')).toEqual({ a: [1, null] })
  expect(await readPayload('--payload', 'null')).toBeNull()
})

test('malformed JSON is refused with its place and the piece', async () => {
  expect(await refusal('{"file": cat.jpg}')).toMatchObject({
    code: 'cli.usage',
    message: '--payload is not JSON: line 1, column 10 (position 9): unexpected `cat.jpg}` in `{"file": cat.jpg}`',
    details: { line: 1, column: 10, position: 9 },
  })
  expect(await refusal('{"a": 1')).toMatchObject({ message: '--payload is not JSON: line 1, column 8 (position 7): ends too early in `{"a": 1`' })
  expect(await refusal(' ')).toMatchObject({ message: '--payload is empty; expected JSON' })
})

test('control characters of the piece are shown, not sent to the terminal', async () => {
  expect(await refusal('\u001b[31m')).toMatchObject({ message: expect.stringContaining('`\\x1b[31m`') })
})

test('a file is read after an at sign, and a missing one is named', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'payload-'))
  onTestFinished(() => rm(directory, { recursive: true }))
  await writeFile(join(directory, 'good.json'), '\ufeff{"a": 1}\n')
  await writeFile(join(directory, 'latin1.json'), Buffer.from('"caf\u00e9"', 'latin1'))
  await writeFile(join(directory, 'bad.json'), '{\n"a" 1}')
  expect(await readPayload('--payload', `@${directory}/good.json`)).toEqual({ a: 1 })
  expect(await refusal(`@${directory}/bad.json`)).toMatchObject({ message: expect.stringMatching(/bad\.json is not JSON: line 2, column 5 /) })
  expect(await refusal(`@${directory}/latin1.json`)).toMatchObject({ message: `--payload @${directory}/latin1.json is not UTF-8 text; expected JSON` })
  expect(await refusal(`@${directory}/none.json`)).toMatchObject({ message: `--payload @${directory}/none.json: there is no such file` })
  expect(await refusal(`@${directory}`)).toMatchObject({ message: `--payload @${directory}: it is a directory` })
})
