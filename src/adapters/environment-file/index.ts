/**
 * Named environments as one file of the home, `environments.json`. It holds
 * secrets: nobody else may read it, and it is replaced as a whole.
 *
 * What cannot be understood is never written over, since a person may want it back.
 */
import { statSync } from 'node:fs'
import { readPrivateFile, replacePrivateFile } from '../../access/private-file.ts'
import type { EnvironmentStore } from '../../engines/services/environments/named-environment.ts'
import { TaskflowsError } from '../../kernel/errors.ts'
import { readKept, writeKept } from './environments-json.ts'

/** @param path of the file; made when something is written */
export function createEnvironmentFile(path: string): EnvironmentStore {
  const read = () => (exists(path) ? readKept(readPrivateFile(path, (problem, mend) => invalid(path, problem, mend)), path) : [])
  return {
    read,
    write(environments) {
      read()
      replacePrivateFile(path, writeKept(environments))
    },
  }
}

function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined
}

function invalid(path: string, problem: string, hint?: string): TaskflowsError {
  return new TaskflowsError('environment.invalid', `${path} ${problem}`, { details: { file: path }, ...(hint !== undefined && { hint }) })
}
