/**
 * Writes units and removes them, all of a batch or none: the new texts are on the disk under other names before the
 * first one takes its place, and what took its place goes back when a later step fails. A crash in between leaves
 * whole files, each the old or the new one.
 */
import { execFile } from 'node:child_process'
import { closeSync, fchmodSync, fsyncSync, lstatSync, openSync, readFileSync, renameSync, rmSync, rmdirSync, unlinkSync, writeFileSync, writeSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { ServiceManager } from '../../../engines/services/service-manager.ts'
import { SecurityError, ValidationError } from '../../../kernel/errors.ts'
import { makeDirectories } from '../../../kernel/make-directories.ts'
import { notWritten } from './not-written.ts'
import { isOurs } from './read-unit-files.ts'
import type { UnitPlaces } from './unit-places.ts'

export type UnitFileChange = Parameters<ServiceManager['write']>[0]

const run = promisify(execFile)
/** Written without a pause. */
const filesAtOnce = 250
/** Flushed at the same time, within the limit of open files. */
const fewFiles = 32

interface Target {
  readonly path: string
  /** `null`: to be removed. */
  readonly text: string | null
  readonly mode: number
  /** What is there; absent if nothing is. */
  readonly before?: { readonly content: Buffer; readonly mode: number }
}

/** @throws `service.invalid` for a file of somebody else in the way, `service.unsafe` for a link there, `service.not_written` */
export async function writeUnitFiles({ directory, mode }: UnitPlaces, { units, removed, secretEnv }: UnitFileChange): Promise<void> {
  let targets: readonly Target[] = []
  const undo: (() => void)[] = []
  try {
    targets = [
      ...units.map(({ unit, text }) => unitTarget(join(directory, unit), text, mode)),
      ...removed.map((unit) => unitTarget(join(directory, unit), null, mode)),
      ...secretEnv.map(({ path, text }) => target(path, text, 0o600)),
    ].filter(({ text, before }) => text !== null || before !== undefined)
    await stage(targets)
    for (const { path, text, before } of targets) {
      if (text === null) unlinkSync(path)
      else renameSync(staged(path), path)
      undo.unshift(() => restore(path, before))
    }
    for (const parent of new Set(targets.map(({ path }) => dirname(path)))) syncDirectory(parent)
  } catch (error) {
    for (const { path } of targets) rmSync(staged(path), { force: true })
    for (const step of undo) step()
    throw notWritten(directory, error)
  }
  for (const unit of removed) removeEmpty(join(directory, `${unit}.d`))
}

function unitTarget(path: string, text: string | null, mode: number): Target {
  const found = target(path, text, mode)
  if (found.before && !isOurs(basename(path), found.before.content.toString('utf8'))) {
    throw new ValidationError('service.invalid', `${path} was not written by taskflows, and is not ${text === null ? 'removed' : 'overwritten'}`, { details: { path }, hint: 'Move it away, or give the service another name.' })
  }
  return found
}

function target(path: string, text: string | null, mode: number): Target {
  const stat = lstatSync(path, { throwIfNoEntry: false })
  if (!stat) return { path, text, mode }
  if (stat.isSymbolicLink()) throw new SecurityError('service.unsafe', `${path} is a link, and links are not followed for writing`, { details: { path }, hint: 'Remove the link first; a masked unit is one (systemctl unmask).' })
  return { path, text, mode, before: { content: readFileSync(path), mode: stat.mode & 0o777 } }
}

/** In the same directory, under a name that systemd does not read. */
function staged(path: string): string {
  return join(dirname(path), `.${basename(path)}.${process.pid}.new`)
}

/** The new texts are on the disk before anything is replaced by them. */
async function stage(targets: readonly Target[]): Promise<void> {
  const paths: string[] = []
  for (const parent of new Set(targets.filter(({ text }) => text !== null).map(({ path }) => dirname(path)))) makeDirectories(parent)
  for (const { path, text, mode } of targets) {
    if (text === null) continue
    const file = openNew(staged(path), mode)
    try {
      writeSync(file, text)
      // Whatever the umask of this process is.
      fchmodSync(file, mode)
    } finally {
      closeSync(file)
    }
    paths.push(staged(path))
    if (paths.length % filesAtOnce === 0) await setImmediate()
  }
  await flush(paths)
}

/** In place of what a process of the same number left there when it was killed. */
function openNew(path: string, mode: number): number {
  try {
    return openSync(path, 'wx', mode)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    rmSync(path)
    return openSync(path, 'wx', mode)
  }
}

/** Each by itself; many are sooner there with all else of their file systems, by sync(1). */
async function flush(paths: readonly string[]): Promise<void> {
  const directories = [...new Set(paths.map((path) => dirname(path)))]
  if (paths.length > fewFiles && await run('sync', ['-f', ...directories]).then(() => true, () => false)) return
  const queue = paths.values()
  await Promise.all(Array.from({ length: fewFiles }, async () => {
    for (const path of queue) {
      await using file = await open(path)
      await file.datasync()
    }
  }))
}

function restore(path: string, before: Target['before']): void {
  if (!before) return rmSync(path, { force: true })
  writeFileSync(staged(path), before.content, { mode: before.mode })
  renameSync(staged(path), path)
}

function syncDirectory(path: string): void {
  const directory = openSync(path, 'r')
  try {
    fsyncSync(directory)
  } finally {
    closeSync(directory)
  }
}

/** Drop-ins that people made stay, and so does their directory. */
function removeEmpty(directory: string): void {
  try {
    rmdirSync(directory)
  } catch (error) {
    if (!['ENOENT', 'ENOTEMPTY', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
  }
}
