/** Does something with definitions on this host: what `Service` and `ServiceRegistry` have in common. */
import { userInfo } from 'node:os'
import { TaskflowsError, messageOf } from '../../../kernel/errors.ts'
import type { ServiceDefinition } from '../service-definition.ts'
import { type LocalServices, currentLoading, openLocalServices } from './service-runtime.ts'
import type { ActOptions, ServiceVerb } from '../services.ts'

/** All of them in one apply, or each by itself whatever becomes of the others. Nothing while tf loads the module. */
export async function actOn(definitions: readonly ServiceDefinition[], verb: ServiceVerb | 'create', options: ActOptions = {}): Promise<void> {
  if (currentLoading() !== undefined || definitions.length === 0) return
  await using services = await openLocalServices()
  if (verb === 'create') await create(services, definitions)
  else await actOnEach(services, definitions, verb, options)
}

async function create(services: LocalServices, definitions: readonly ServiceDefinition[]): Promise<void> {
  const { services: applied } = await services.apply(definitions, { by: accountName() })
  const problems = applied.flatMap(({ name, action, problem }) => (action === 'rolled_back' ? [`${name}: ${problem}`] : []))
  if (problems.length > 0) throw new TaskflowsError('service.not_applied', problems.join('; '))
}

async function actOnEach(services: LocalServices, definitions: readonly ServiceDefinition[], verb: ServiceVerb, options: ActOptions): Promise<void> {
  const failures: unknown[] = []
  for (const { name, scope } of definitions) {
    try {
      const units = await services.act(verb, { match: name, scope }, options)
      const problems = units.flatMap(({ unit, problem }) => (problem === null ? [] : [`${unit}: ${problem}`]))
      if (problems.length > 0) throw new TaskflowsError('service.action_failed', problems.join('; '), { details: { units } })
    } catch (error) {
      failures.push(error)
    }
  }
  if (failures.length === 1) throw failures[0]
  if (failures.length > 1) throw new TaskflowsError('service.action_failed', failures.map(messageOf).join('; '), { cause: new AggregateError(failures) })
}

/** Who asked, for the versions. */
function accountName(): string {
  try {
    return userInfo().username
  } catch {
    // An account without an entry in passwd(5).
    return `uid ${process.getuid?.() ?? 'unknown'}`
  }
}
