/**
 * References in the values of config.yaml: `${env:NAME}` and `${file:/path}`
 * stand for a text that is kept elsewhere, alone or within a value. They are
 * resolved when the value is needed, and what they stand for is not looked at again.
 */
import { resolve } from 'node:path'
import { readText } from '../kernel/read-text.ts'

const reference = /\$\{(env|file):([^{}]*)\}/g
const mostBytes = 64 * 1024

export function hasReference(text: string): boolean {
  return text.includes('${')
}

/** What stands in the text itself. */
export function withoutReferences(text: string): string {
  return text.replaceAll(reference, '')
}

/** What is wrong with the way references are written, if anything. */
export function referenceFault(text: string): string | undefined {
  return withoutReferences(text).includes('${') ? 'expected ${env:NAME} or ${file:PATH} after ${' : undefined
}

export interface ReferenceParts {
  readonly env: NodeJS.ProcessEnv
  /** The directory that relative paths start from. */
  readonly base: string
}

/** @throws Error that names the reference, never what it stands for */
export function resolveReferences(text: string, { env, base }: ReferenceParts): string {
  return text.replaceAll(reference, (written, kind: string, name: string) => {
    const found = kind === 'env' ? env[name] : textOfFile(written, resolve(base, name))
    if (found === undefined || found === '') throw new Error(`${written}: ${kind === 'env' ? `the variable ${name} is not set` : 'the file is empty'}`)
    return found
  })
}

/** Editors and `echo` end a file with a line break, which belongs to no password. */
function textOfFile(written: string, path: string): string {
  const found = readText(path, mostBytes)
  if (found === undefined) throw new Error(`${written}: there is no file ${path}`)
  if ('problem' in found) throw new Error(`${written}: ${path} ${found.problem}`)
  return found.text.replace(/\r?\n$/, '')
}
