/** An environment as a file of its own: a Venv or a container in YAML, in the words of definitions. */
import { dirname } from 'node:path'
import { TaskflowsError } from '../../../kernel/errors.ts'
import { readEnvironment, writtenEnvironment } from '../environments/read-environment.ts'
import type { WrittenEnvironment } from '../environments/named-environment.ts'
import { definitionText, readYamlFile } from './definition-text.ts'
import { type YamlDocument, parseYaml } from './yaml-document.ts'

/** @throws `environment.invalid` and `service.invalid`, naming file and line */
export function readEnvironmentFile(path: string): WrittenEnvironment {
  const document = readYamlFile(path)
  return readDocument(document, document.path, document.directory)
}

/** As a person wrote it, with masks. @param where what errors call it */
export function readEnvironmentText(text: string, where: string): WrittenEnvironment {
  return readDocument(parseYaml(text, where), where, dirname(where))
}

export function environmentText(environment: WrittenEnvironment): string {
  return definitionText(environment, 'yaml')
}

function readDocument({ content, lineOf }: YamlDocument, where: string, directory: string): WrittenEnvironment {
  try {
    return writtenEnvironment(readEnvironment(content, 'environment', directory))
  } catch (error) {
    if (!(error instanceof TaskflowsError) || error.code !== 'environment.invalid') throw error
    const [first] = (error.details['fields'] ?? []) as readonly { readonly path: string }[]
    throw new TaskflowsError(error.code, `${where}:${lineOf(first?.path ?? '')}: ${error.message}`, { details: error.details, cause: error, ...(error.hint !== undefined && { hint: error.hint }) })
  }
}
