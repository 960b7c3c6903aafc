/** Definitions as text: JSON and YAML, in memory and in files that only the account can read, since they may hold secrets. */
import { chmod, writeFile } from 'node:fs/promises'
import { dirname, extname, resolve } from 'node:path'
import { ValidationError, messageOf } from '../../../kernel/errors.ts'
import { readText } from '../../../kernel/read-text.ts'
import { type YamlDocument, parseYaml, writeYaml } from './yaml-document.ts'

type Format = 'json' | 'yaml'

const mostBytes = 4 << 20

export function definitionText(content: unknown, format: Format): string {
  return format === 'yaml' ? writeYaml(content) : `${JSON.stringify(content, null, 2)}\n`
}

/** YAML, and so JSON. @param where what errors call it */
export function readDefinitionText(text: string, where: string): unknown {
  return parseYaml(text, where).content
}

/** @throws ValidationError `service.invalid` when there is no such file, or no definition in it */
export function readYamlFile(path: string): YamlDocument & { readonly path: string; readonly directory: string } {
  const file = resolve(path)
  const found = readText(file, mostBytes)
  if (found === undefined) throw new ValidationError('service.invalid', `there is no file ${file}`)
  if ('problem' in found) throw new ValidationError('service.invalid', `${file} ${found.problem}`)
  return { ...parseYaml(found.text, file), path: file, directory: dirname(file) }
}

/** By its ending: `.json`, `.yaml` or `.yml`. @throws ValidationError `service.invalid` */
export async function writeDefinitionFile(path: string, content: unknown): Promise<void> {
  const format = formatOf(path)
  try {
    await writeFile(path, '', { mode: 0o600 })
    // The mode above is for a new file only.
    await chmod(path, 0o600)
    await writeFile(path, definitionText(content, format))
  } catch (cause) {
    throw new ValidationError('service.invalid', `${path} cannot be written: ${messageOf(cause)}`, { cause })
  }
}

function formatOf(path: string): Format {
  const ending = extname(path).toLowerCase()
  if (ending === '.json') return 'json'
  if (ending === '.yaml' || ending === '.yml') return 'yaml'
  throw new ValidationError('service.invalid', `expected a file that ends in .json, .yaml or .yml, got ${path}`)
}
