/**
 * The variables of a container. Docker's client hands them over by name alone (`--env=NAME`) out of its own environment, where
 * they are as for any service: what looks like a secret comes from a file of its own. So no value is in the arguments of a program.
 */
import { looksSecret } from '../../../engines/services/define/secret-env.ts'
import { steersDocker } from '../../../engines/services/define/steering-env.ts'
import type { CgroupDefinition, ContainerDefinition, ServiceDefinition } from '../../../engines/services/service-definition.ts'
import { ValidationError } from '../../../kernel/errors.ts'
import { flags, pairs } from './container-flags.ts'

export interface ContainerVariables {
  /** Of the client too, which passes them on. */
  readonly passed: Readonly<Record<string, string>>
  /** The client would go by these itself. */
  readonly stated: Readonly<Record<string, string>>
}

/** What the unit of every service has, so that every container has it too. */
const always = ['PYTHONUNBUFFERED', 'TASKFLOWS_SERVICE'] as const

export function containerVariables({ name: service, env }: ServiceDefinition, container: ContainerDefinition, limits: CgroupDefinition): ContainerVariables {
  const all = Object.entries({ ...limits.environment, ...env, ...container.env })
  const [stated, passed] = [all.filter(([name]) => steersDocker(name)), all.filter(([name]) => !steersDocker(name))]
  for (const [name, value] of stated) {
    if (looksSecret(name, value)) {
      throw new ValidationError('service.invalid', `env of ${service}: ${name} looks like a secret, and Docker's client would go by it itself, so its value would have to be in the unit`, {
        details: { field: `env.${name}` }, hint: 'Put it into envFile of the container.',
      })
    }
  }
  return { passed: Object.fromEntries(passed), stated: Object.fromEntries(stated) }
}

/** The names that the client passes on. */
export function passedNames({ passed }: ContainerVariables): readonly string[] {
  return [...new Set([...always, ...Object.keys(passed)])].sort()
}

export function variableFlags(variables: ContainerVariables, files: readonly string[]): readonly string[] {
  return [...flags('env-file', files), ...flags('env', passedNames(variables)), ...pairs('env', variables.stated)]
}
