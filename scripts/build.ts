/**
 * Builds `dist/`, which is what the npm package holds: types of what can be imported, the files that the code reads (migrations), and the code.
 * The code is put together into fewer files, split where something is loaded later: Node spends half a millisecond on
 * each module, and `tf` as well as `import 'taskflows'` would need a hundred.
 */
import { spawnSync } from 'node:child_process'
import { chmodSync, cpSync, globSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { rolldown } from 'rolldown'

process.chdir(join(import.meta.dirname, '..'))
rmSync('dist', { recursive: true, force: true })
const { status } = spawnSync(process.execPath, ['node_modules/.bin/tsc', '-p', 'tsconfig.build.json'], { stdio: 'inherit' })
if (status !== 0) process.exit(1)

const { bin, exports, sideEffects } = JSON.parse(readFileSync('package.json', 'utf8')) as {
  bin: Record<string, string>; exports: Record<string, string | { types: string; default: string }>; sideEffects: readonly string[]
}
const faces = Object.values(exports).flatMap((target) => (typeof target === 'string' ? [] : target))
await putTogether([...faces.map((face) => face.default), ...Object.values(bin), ...sideEffects])
keepTypes(faces.map(({ types }) => types))
cpSync('src', 'dist', { recursive: true, filter: (path) => !/\.(ts|md)$/.test(path) })
for (const file of new Set(Object.values(bin))) makeExecutable(file)

/** @param entries what is imported from outside, or started by its path; each stays where it is */
async function putTogether(entries: readonly string[]): Promise<void> {
  const names = entries.map((entry) => entry.replace(/^\.?\/?dist\//, '').replace(/\.js$/, ''))
  const bundle = await rolldown({
    input: Object.fromEntries(names.map((name) => [name, `dist/${name}.js`])),
    platform: 'node',
    // Packages stay packages.
    external: /^[^./]/,
  })
  const { output } = await bundle.write({ dir: 'dist', format: 'esm', entryFileNames: '[name].js', chunkFileNames: 'chunks/[name]-[hash].js' })
  const made = new Set(output.map(({ fileName }) => join('dist', fileName)))
  for (const file of globSync('dist/**/*.js')) if (!made.has(file)) rmSync(file)
}

/** Of the types only what somebody can come to from outside. */
function keepTypes(entries: readonly string[]): void {
  const kept = new Set(entries.map((entry) => join(entry)))
  for (const file of kept) {
    for (const [, target] of readFileSync(file, 'utf8').matchAll(/(?:from|import)\s*\(?\s*'(\.{1,2}\/[^']+)'/g)) kept.add(join(dirname(file), target!.replace(/\.[jt]s$/, '.d.ts')))
  }
  for (const file of globSync('dist/**/*.d.ts')) if (!kept.has(file)) rmSync(file)
}

function makeExecutable(file: string): void {
  const firstLine = readFileSync(file, 'utf8').split('\n', 1)[0]
  if (firstLine !== '#!/usr/bin/env node') throw new Error(`${file}: expected the first line to be #!/usr/bin/env node, got ${JSON.stringify(firstLine)}`)
  chmodSync(file, 0o755)
}
