/**
 * A project of somebody else that has installed the package: its files are those of docs/guides/library.md.
 */
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { onTestFinished } from 'vitest'
import { type Packed, installPacked, pack } from '../testbed/packed.ts'

const repository = join(import.meta.dirname, '../..')
const tools = join(import.meta.dirname, 'tools')

export interface ForeignProject extends Disposable {
  readonly directory: string
  readonly packed: Packed
}

export function createForeignProject(): ForeignProject {
  const root = mkdtempSync(join(tmpdir(), 'tf-pkg-'))
  const directory = join(root, 'shop')
  mkdirSync(directory)
  execFileSync(process.execPath, [join(repository, 'scripts/install.mjs'), tools], { stdio: 'inherit', timeout: 240_000 })
  const packed = pack(root)
  writeFileSync(join(directory, 'package.json'), '{ "name": "shop", "private": true, "type": "module" }\n')
  installPacked(packed, directory)
  // What the guide tells to add besides; it comes from here, so as not to be installed each time.
  for (const name of ['vitest', '@types/pg', '@types/node']) link(name, join(directory, 'node_modules', name))
  for (const [name, text] of filesOfTheGuide()) writeFileSync(join(directory, name), text)
  copyFileSync(join(import.meta.dirname, 'inference.ts'), join(directory, 'inference.ts'))
  return { directory, packed, [Symbol.dispose]: () => rmSync(root, { recursive: true, force: true }) }
}

/** Unless the package brought it. */
function link(name: string, path: string): void {
  if (existsSync(path)) return
  mkdirSync(dirname(path), { recursive: true })
  symlinkSync(join(repository, 'node_modules', name), path)
}

/** Blocks of TypeScript name their file in the first line; the block of JSON is tsconfig.json. */
function filesOfTheGuide(): [string, string][] {
  const guide = readFileSync(join(repository, 'docs/guides/library.md'), 'utf8')
  const modules = [...guide.matchAll(/^```ts\n\/\/ (\S+\.ts)\n([^]*?)^```$/gm)].map(([, name, text]): [string, string] => [name!, text!])
  const [, config] = /^```json\n([^]*?)^```$/m.exec(guide)!
  return [...modules, ['tsconfig.json', config!]]
}

/** Where the Node that runs this is, and the oldest that the package supports. */
export const nodes: Readonly<Record<string, string>> = {
  26: process.execPath,
  24: join(tools, 'node_modules', `node-${process.platform}-${process.arch}`, 'bin/node'),
}

/** Why one of them cannot be had on this machine, by version. */
export function missingNodes(): ReadonlyMap<string, string> {
  const platform = `${process.platform}-${process.arch}`
  const { optionalDependencies } = JSON.parse(readFileSync(join(tools, 'package.json'), 'utf8')) as { optionalDependencies: object }
  return new Map(`node-${platform}` in optionalDependencies ? [] : [['24', `Node 24: there is no package with it for ${platform}`]])
}

/** The compilers: the one of this repository, and an older one. */
export const compilers: Readonly<Record<string, string>> = {
  7: join(repository, 'node_modules/typescript/bin/tsc'),
  5: join(tools, 'node_modules/typescript/bin/tsc'),
}

export interface Ended {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** Runs programs in the project as its user would: `npx` and `node` are those of one Node, and nothing else is known. */
export class Terminal {
  readonly #options: { readonly cwd: string; readonly env: NodeJS.ProcessEnv }

  constructor({ directory }: ForeignProject, node: string, env: NodeJS.ProcessEnv = {}) {
    if (!existsSync(node)) throw new Error(`${node} does not exist`)
    this.#options = { cwd: directory, env: { HOME: process.env.HOME, PATH: `${dirname(node)}:${process.env.PATH}`, npm_config_loglevel: 'error', ...env } }
  }

  run(program: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ended> {
    const { promise, resolve } = Promise.withResolvers<Ended>()
    const options = { ...this.#options, env: { ...this.#options.env, ...env }, timeout: 60_000 }
    execFile(program, args, options, (error, out, err) => resolve({ code: error ? Number(error.code ?? 1) : 0, out, err }))
    return promise
  }

  npx(...args: string[]): Promise<Ended> {
    return this.run('npx', ['--no', '--', ...args])
  }

  /** Starts what runs until Ctrl-C, which comes at the end of the test at the latest. Resolves with the text that says it is ready. */
  async start(args: readonly string[], ready: RegExp): Promise<{ readonly said: RegExpExecArray; stop(): Promise<void> }> {
    // A process group of its own, as on a terminal: Ctrl-C reaches npx and what it started.
    const child = spawn('npx', ['--no', '--', ...args], { ...this.#options, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
    const closed = once(child, 'close')
    const stop = async () => {
      if (child.exitCode === null && child.signalCode === null) process.kill(-child.pid!, 'SIGINT')
      await closed
    }
    onTestFinished(stop)
    return { said: await textOf(child, ready), stop }
  }
}

function textOf(child: ChildProcess, wanted: RegExp): Promise<RegExpExecArray> {
  return new Promise((resolve, reject) => {
    let text = ''
    for (const stream of [child.stdout!, child.stderr!]) {
      stream.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk
        const found = wanted.exec(text)
        if (found) resolve(found)
      })
    }
    child.once('close', () => reject(new Error(`it ended before it said ${wanted}:\n${text}`)))
  })
}
