/** Log lines in files: one per logger or one for all, rotated by size. Several processes may write to the same. */
import { closeSync, openSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { messageOf } from '../../kernel/errors.ts'
import { makeDirectories } from '../../kernel/make-directories.ts'
import { isUrgent } from '../../kernel/observe/log-level.ts'
import type { LogLine } from '../../kernel/observe/log-line.ts'
import { type LogOutput, createLogOutput, writeWhole } from '../../kernel/observe/log-output.ts'

export interface LogFileOptions {
  readonly directory: string
  /** Of the one file for all loggers; `null` for one file each. `.log` is added. */
  readonly name: string | null
  /** A file that would grow beyond is rotated first. */
  readonly maxBytes: number
  /** `name.log.1` is the youngest; 0 keeps none. */
  readonly maxRotations: number
  readonly onTrouble: (reason: string) => void
}

/** Names of loggers come from code and may be many; what is beyond goes to one file. */
const mostFiles = 100

/** What writes a line to its file. */
export function createLogFiles({ name, ...options }: LogFileOptions): (line: LogLine) => void {
  const outputs = new Map<string, LogOutput>()
  const outputOf = (file: string): LogOutput => {
    const known = outputs.get(file)
    if (known) return known
    if (outputs.size >= mostFiles && file !== 'other') return outputOf('other')
    const output = createLogOutput(fileWriter(join(options.directory, `${file}.log`), options), Date.now)
    outputs.set(file, output)
    return output
  }
  return ({ text, logger, level }) => outputOf(fileName(name ?? logger)).write(`${text}\n`, isUrgent(level))
}

/** Nothing that leads elsewhere, hides the file, or is too long for one. */
function fileName(name: string): string {
  return name.replace(/\.log$/, '').replace(/[^\w.-]/g, '_').replace(/^\.+/, '_').slice(0, 100) || 'log'
}

function fileWriter(path: string, { directory, maxBytes, maxRotations, onTrouble }: Omit<LogFileOptions, 'name'>): (batch: Buffer) => void {
  let file: { readonly fd: number; readonly ino: number } | undefined

  const close = (): void => {
    if (file) closeSync(file.fd)
    file = undefined
  }

  const open = (): number => {
    makeDirectories(directory, 0o750)
    const fd = openSync(path, 'a', 0o640)
    file = { fd, ino: statSync(path).ino }
    return fd
  }

  return (batch) => {
    try {
      // Another process may have rotated it, or a person removed it.
      const found = statSync(path, { throwIfNoEntry: false })
      if (found?.ino !== file?.ino) close()
      if (found && found.size > 0 && found.size + batch.length > maxBytes) {
        close()
        rotate(path, maxRotations)
      }
      writeWhole(file?.fd ?? open(), batch)
    } catch (error) {
      close()
      onTrouble(`${path} cannot be written: ${messageOf(error)}`)
    }
  }
}

function rotate(path: string, keep: number): void {
  if (keep === 0) return writeFileSync(path, '')
  rmSync(`${path}.${keep}`, { force: true })
  for (let at = keep - 1; at >= 0; at -= 1) {
    const from = at === 0 ? path : `${path}.${at}`
    if (statSync(from, { throwIfNoEntry: false })) renameSync(from, `${path}.${at + 1}`)
  }
}
