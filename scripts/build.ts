/**
 * Builds `dist/`, which is what the npm package holds: compiled code and types, and the
 * files that the code reads beside itself (migrations).
 */
import { spawnSync } from 'node:child_process'
import { chmodSync, cpSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'

process.chdir(join(import.meta.dirname, '..'))
rmSync('dist', { recursive: true, force: true })
const { status } = spawnSync(process.execPath, ['node_modules/.bin/tsc', '-p', 'tsconfig.build.json'], { stdio: 'inherit' })
if (status !== 0) process.exit(1)

cpSync('src', 'dist', { recursive: true, filter: (path) => !/\.(ts|md)$/.test(path) })

const { bin } = JSON.parse(readFileSync('package.json', 'utf8')) as { bin: Record<string, string> }
for (const file of new Set(Object.values(bin))) makeExecutable(file)

function makeExecutable(file: string): void {
  const firstLine = readFileSync(file, 'utf8').split('\n', 1)[0]
  if (firstLine !== '#!/usr/bin/env node') throw new Error(`${file}: expected the first line to be #!/usr/bin/env node, got ${JSON.stringify(firstLine)}`)
  chmodSync(file, 0o755)
}
