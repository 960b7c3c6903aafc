/**
 * Writes units and removes them, all of a batch or none: the new texts are on the disk under other names before the
 * first one takes its place, and what took its place goes back when a later step fails. A crash in between leaves
 * whole files, each the old or the new one.
 */
import { closeSync, fsyncSync, lstatSync, openSync, readFileSync, renameSync, rmSync, rmdirSync, unlinkSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { ServiceManager } from '../../engines/services/service-manager.ts'
import { SecurityError, TaskflowsError, ValidationError, messageOf } from '../../kernel/errors.ts'
import { makeDirectories } from '../../kernel/make-directories.ts'
import { isOurs } from './read-unit-files.ts'
import type { UnitPlaces } from './unit-places.ts'

export type UnitFileChange = Parameters<ServiceManager['write']>[0]

/** Waits for the disk overlap, within the limit of open files. */
const syncsAtOnce = 32

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
    throw error instanceof TaskflowsError ? error : notWritten(directory, error)
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

async function stage(targets: readonly Target[]): Promise<void> {
  const waiting = targets.filter((one): one is Target & { text: string } => one.text !== null)
  for (const parent of new Set(waiting.map(({ path }) => dirname(path)))) makeDirectories(parent)
  const queue = waiting.values()
  await Promise.all(Array.from({ length: syncsAtOnce }, async () => {
    for (const { path, text, mode } of queue) await writeSynced(staged(path), text, mode)
  }))
}

async function writeSynced(path: string, text: string, mode: number): Promise<void> {
  rmSync(path, { force: true })
  await using file = await open(path, 'wx', mode)
  await file.writeFile(text)
  // Whatever the umask of this process is.
  await file.chmod(mode)
  await file.datasync()
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

function notWritten(directory: string, error: unknown): TaskflowsError {
  const denied = ['EACCES', 'EPERM', 'EROFS'].includes((error as NodeJS.ErrnoException).code ?? '')
  return new TaskflowsError('service.not_written', `the units cannot be written: ${messageOf(error)}`, {
    details: { directory }, cause: error,
    hint: denied ? 'Nothing was changed. Units of the machine are written by root: run it with sudo, or use --scope user.' : 'Nothing was changed.',
  })
}
