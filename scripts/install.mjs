/**
 * `install.mjs [DIRECTORY]`: installs its npm packages (default: those of the repository) when they are missing
 * or are not those of the lockfile; else it costs a few milliseconds.
 *
 * The first step of every npm script, so it is plain JavaScript for whatever Node (20 or newer) and npm the machine has.
 * What comes after it runs on the Node of `node_modules/.bin/node`, which is one of the packages.
 */
import { spawn } from 'node:child_process'
import { existsSync, readFileSync, symlinkSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const repository = fileURLToPath(new URL('..', import.meta.url))
const root = resolve(process.argv[2] ?? repository)
const runtime = join(repository, 'node_modules/.bin/node')

if (!installed() || !provideRuntime()) await install()
if (!provideRuntime()) fail(`No Node.js for ${process.platform}-${process.arch} came with the packages of runtime/package.json.`)

/** Compares the lockfile with the record that npm keeps of what it installed; it writes that record last. */
function installed() {
  const record = read('node_modules/.package-lock.json')
  if (record === undefined) return false
  return Object.entries(read('package-lock.json').packages).every(([path, { version, optional }]) => {
    const present = record.packages[path]
    // Optional packages are mostly those of other platforms.
    return path === '' || (present === undefined ? optional === true : present.version === version)
  })
}

function read(path) {
  const file = join(root, path)
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined
}

async function install() {
  const finish = progress('Installing npm packages')
  const npm = spawn('npm', ['ci', '--no-audit', '--no-fund'], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [npm.stdout, npm.stderr]) stream.setEncoding('utf8').on('data', (text) => { output += text })
  const code = await new Promise((done) => npm.once('error', (error) => { output += error.message; done(1) }).once('close', done))
  finish(code === 0)
  if (code !== 0) fail(`npm ci failed:\n${output.slice(0, 4000)}`)
}

/** Whether the runtime is there. npm 10 does not link the programs of packages that only a workspace asks for; npm 11 does. */
function provideRuntime() {
  if (existsSync(runtime)) return true
  const packages = Object.keys(JSON.parse(readFileSync(join(repository, 'runtime/package.json'), 'utf8')).optionalDependencies)
  const name = packages.find((candidate) => existsSync(join(repository, 'node_modules', candidate, 'bin/node')))
  if (name === undefined) return false
  symlinkSync(`../${name}/bin/node`, runtime)
  return true
}

/** One line that counts seconds on a terminal, and two plain ones elsewhere. */
function progress(what) {
  const start = Date.now()
  const seconds = () => `${Math.round((Date.now() - start) / 1000)} s`
  const terminal = process.stderr.isTTY
  process.stderr.write(terminal ? `${what} ...` : `${what} ...\n`)
  const timer = terminal ? setInterval(() => process.stderr.write(`\r${what} ... ${seconds()}`), 1000) : undefined
  return (succeeded) => {
    clearInterval(timer)
    process.stderr.write(`${terminal ? '\r' : ''}${what} ${succeeded ? 'took' : 'failed after'} ${seconds()}\n`)
  }
}

function fail(message) {
  console.error(message)
  process.exit(1)
}
