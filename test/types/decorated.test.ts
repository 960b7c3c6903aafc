import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const run = promisify(execFile)
const root = resolve(import.meta.dirname, '../..')

test('@task decorates methods once they are compiled', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'decorated-'))
  try {
    mkdirSync(join(directory, 'node_modules'))
    symlinkSync(root, join(directory, 'node_modules/taskflows'))
    cpSync(join(import.meta.dirname, 'decorated.ts'), join(directory, 'decorated.mts'))
    // Types are checked with all others; here the code is made.
    await run(join(root, 'node_modules/.bin/tsc'), ['decorated.mts', '--ignoreConfig', '--noCheck', '--noResolve', '--target', 'es2022', '--module', 'es2022'], { cwd: directory })
    const { stdout } = await run(process.execPath, ['--conditions=source', '--no-warnings', join(directory, 'decorated.mjs')])
    expect(JSON.parse(stdout)).toEqual({ total: 15, calls: 3, closed: 'Error: shop.close is not allowed', count: 3 })
  } finally {
    rmSync(directory, { recursive: true })
  }
})
