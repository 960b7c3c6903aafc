/**
 * The files of this repository as git sees them, or all of them where there is no git.
 */
import { execFile } from 'node:child_process'
import { type Dirent, lstatSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)

const skipped = new Set(['node_modules', '.git', 'dist', 'coverage'])
const slash = Buffer.from('/')

/** Regular files below `root`, in order. Names are bytes: not every one is text. */
export async function listFiles(root: string): Promise<Buffer[]> {
  const known = await listedByGit(root)
  // A copy of this folder inside another repository may be ignored there.
  const names = known.length > 0 ? known : await walk(root)
  return names.filter((name) => lstatSync(below(root, name), { throwIfNoEntry: false })?.isFile()).sort(Buffer.compare)
}

/** What is committed or could be. Nothing when git is missing, refuses, or knows no repository here. */
async function listedByGit(root: string): Promise<Buffer[]> {
  try {
    const { stdout } = await run('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '--deduplicate'], { cwd: root, encoding: 'buffer', maxBuffer: 2 ** 28 })
    return split(stdout)
  } catch {
    return []
  }
}

/** The parts that end with a zero byte. */
function split(bytes: Buffer): Buffer[] {
  const parts: Buffer[] = []
  for (let from = 0, end = bytes.indexOf(0); end !== -1; from = end + 1, end = bytes.indexOf(0, from)) parts.push(bytes.subarray(from, end))
  return parts
}

async function walk(root: string, folder?: Buffer): Promise<Buffer[]> {
  const entries = await readdir(folder ? below(root, folder) : root, { withFileTypes: true, encoding: 'buffer' })
  const nested = await Promise.all(entries.filter(({ name }) => !skipped.has(name.toString())).map(async (entry: Dirent<Buffer>) => {
    const name = folder ? Buffer.concat([folder, slash, entry.name]) : entry.name
    return entry.isDirectory() ? walk(root, name) : [name]
  }))
  return nested.flat()
}

function below(root: string, name: Buffer): Buffer {
  return Buffer.concat([Buffer.from(root), slash, name])
}
