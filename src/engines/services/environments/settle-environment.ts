/**
 * What a named environment is when units are made of a service that names it.
 * The definition keeps the name; only what is compiled has what it stands for,
 * so that the units change when the environment does.
 */
import { TaskflowsError } from '../../../kernel/errors.ts'
import { nearest } from '../../../kernel/nearest.ts'
import { refuseProblems, startReading } from '../define/reading.ts'
import { checkRules } from '../define/service-rules.ts'
import type { ServicesHost } from '../host.ts'
import type { EnvironmentDefinition, ServiceDefinition, ServiceScope } from '../service-definition.ts'
import type { Compile } from '../service-manager.ts'
import type { EnvironmentStore } from './named-environment.ts'
import { readEnvironment } from './read-environment.ts'

/** What makes units of definitions of one scope, by the environments as they are now. @param of as of `ServiceManager.compiler` */
export async function openCompiler({ manager, environments }: Pick<ServicesHost, 'manager' | 'environments'>, scope: ServiceScope, of?: 'slots'): Promise<Compile> {
  const compile = await manager(scope).compiler(of)
  const settle = settler(environments)
  return (definition) => {
    const settled = settle(definition)
    return { ...compile(settled), definition, ...(settled.environment && { environment: settled.environment }) }
  }
}

/** Reads what is kept when a definition first asks for it, each environment once. */
function settler(store: EnvironmentStore): (definition: ServiceDefinition) => ServiceDefinition {
  let kept: ReturnType<EnvironmentStore['read']> | undefined
  const known = new Map<string, EnvironmentDefinition>()
  const environmentNamed = (name: string, service: string): EnvironmentDefinition => {
    const found = known.get(name) ?? readNamed(name, service, kept ??= store.read())
    known.set(name, found)
    return found
  }
  return (definition) => {
    const { environment, name } = definition
    if (environment?.kind !== 'named') return definition
    const settled = { ...definition, environment: environmentNamed(environment.name, name) }
    refuseMismatch(settled, environment.name)
    return settled
  }
}

function readNamed(name: string, service: string, kept: ReturnType<EnvironmentStore['read']>): EnvironmentDefinition {
  const found = kept.find((environment) => environment.name === name)
  if (found) return readEnvironment(found.environment, `environment ${name}`)
  const near = nearest(name, kept.map((environment) => environment.name))
  throw new TaskflowsError('environment.not_found', `service ${JSON.stringify(service)} names the environment ${JSON.stringify(name)}, and there is none`, {
    details: { name, service, field: 'environment' }, ...(near !== undefined && { hint: `Did you mean ${near}? tf env list` }),
  })
}

/** Not every service can run in every environment, and only now is it known which one it is. @throws `service.invalid` */
function refuseMismatch(settled: ServiceDefinition, name: string): void {
  const reading = startReading()
  checkRules(settled, reading)
  refuseProblems(`service ${JSON.stringify(settled.name)} in the environment ${JSON.stringify(name)}`, reading.problems, { service: settled.name })
}
