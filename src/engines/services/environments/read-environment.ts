/** Reads what somebody says of an environment: a Venv or a container, by the table that services are read by. */
import { TaskflowsError } from '../../../kernel/errors.ts'
import { environment as kind } from '../define/fields.ts'
import { readValue } from '../define/read-fields.ts'
import { type Problem, describe, startReading } from '../define/reading.ts'
import { showDefinition } from '../define/write-definition.ts'
import type { ContainerDefinition, ServiceDefinition, VenvDefinition } from '../service-definition.ts'
import type { WrittenEnvironment } from './named-environment.ts'

export type ReadEnvironment = VenvDefinition | ContainerDefinition

/**
 * Looks at the disk of this host, as for services.
 * @param what how errors begin
 * @param directory that relative paths are relative to
 * @throws `environment.invalid`; `details.fields` has each field and what is wrong with it
 */
export function readEnvironment(given: unknown, what: string, directory?: string): ReadEnvironment {
  const reading = startReading({ names: 'snake', directory })
  if (!isOneOfTwo(given)) refuse(what, [{ path: '', message: `expected env_name of a Venv, or image of a container, got ${describe(given)}` }])
  const read = readValue(kind, given, '', reading) as ReadEnvironment
  refuse(what, reading.problems)
  return read
}

/** Neither the name of another one nor variables, which the same field of a service may be. */
function isOneOfTwo(given: unknown): boolean {
  return typeof given === 'object' && given !== null && ('image' in given || 'env_name' in given)
}

/** @throws `environment.invalid` when there are problems */
export function refuse(what: string, problems: readonly Problem[]): void {
  if (problems.length === 0) return
  const fields = problems.map(({ path, message }) => ({ path, message }))
  const hint = problems.find((problem) => problem.hint !== undefined)?.hint
  throw new TaskflowsError('environment.invalid', `${what}: ${fields.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`)).join('; ')}`, {
    details: { fields }, ...(hint !== undefined && { hint }),
  })
}

/** With its secrets: `readEnvironment` gives it back. */
export function writtenEnvironment(environment: ReadEnvironment): WrittenEnvironment {
  return showDefinition({ environment } as unknown as ServiceDefinition, { secrets: 'keep' })['environment'] as WrittenEnvironment
}
