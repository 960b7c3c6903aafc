/**
 * What changes named environments, one process of a home at a time: whoever
 * applies services holds the same lock, so no environment goes or changes while
 * units are made by it.
 */
import { homedir } from 'node:os'
import { type FieldProblem, TaskflowsError } from '../../../kernel/errors.ts'
import { prepareDefinitions, refuseFaults } from '../apply/prepare-services.ts'
import { describe, problemOfLine } from '../define/reading.ts'
import type { ServicesHost } from '../host.ts'
import type { ServiceDefinition } from '../service-definition.ts'
import type { ApplyResult, Services } from '../services.ts'
import { environmentNameForm, isEnvironmentName, longestEnvironmentName } from './environment-name.ts'
import { type EnvironmentChange, type Environments, type GivenEnvironment, type TellEnvironment, findEnvironment, usersOf, viewOf } from './environments.ts'
import { withoutMasks } from './masked-values.ts'
import type { EnvironmentStore, NamedEnvironment } from './named-environment.ts'
import { readEnvironment, refuse, writtenEnvironment } from './read-environment.ts'

export function createEnvironmentChanges(host: ServicesHost, services: Pick<Services, 'apply'>, tell: TellEnvironment): Pick<Environments, 'create' | 'plan' | 'edit' | 'remove'> {
  const { environments: store, versions, clock } = host
  const lock = (what: string, { by, onProgress = () => {} }: EnvironmentChange) => versions.lock(`environment ${what} by ${by}`, onProgress)

  /** What an edit makes of it, and what that does to services. */
  async function prepareEdit(before: NamedEnvironment, given: GivenEnvironment, isOffline: boolean) {
    const edited = { ...before, ...settled(before.name, given, before), version: before.version + 1, updatedAt: clock.now() }
    const users = await usersOf(before.name, host)
    const { plan } = await prepareDefinitions(users, { ...host, environments: { ...store, read: () => replaced(store.read(), edited) } }, { ...asTheyRun, offline: isOffline })
    return { edited, users, plan }
  }

  /** Before services change, so that a crash in between leaves what `tf plan` tells of. */
  async function storeEdit(name: string, given: GivenEnvironment, change: EnvironmentChange & { readonly apply: boolean }) {
    await using _ = await lock('edit', change)
    const before = findEnvironment(store.read(), name)
    refuseOtherVersion(before, change.versions)
    const { plan, ...prepared } = await prepareEdit(before, given, !change.apply)
    if (change.apply) refuseFaults(plan)
    store.write(replaced(store.read(), prepared.edited))
    return { before, ...prepared }
  }

  async function applyTo(users: readonly ServiceDefinition[], before: NamedEnvironment, edited: NamedEnvironment, change: EnvironmentChange): Promise<ApplyResult> {
    try {
      const { by, onProgress } = change
      return await services.apply(users, { ...asTheyRun, by, note: `environment ${edited.name}, version ${edited.version}`, ...(onProgress && { onProgress }) })
    } catch (error) {
      // No service has it now, and none shall get it by surprise later. The reason counts, also when this fails.
      await putBack(before, edited, change).catch(() => {})
      throw error
    }
  }

  async function putBack(before: NamedEnvironment, edited: NamedEnvironment, change: EnvironmentChange): Promise<void> {
    await using _ = await lock('edit', change)
    const isStillThere = store.read().some(({ name, version }) => name === edited.name && version === edited.version)
    if (isStillThere) store.write(replaced(store.read(), before))
  }

  return {
    async create(name, given, change) {
      refuseName(name)
      const content = settled(name, given)
      await using _ = await lock('create', change)
      const kept = store.read()
      if (kept.some((environment) => environment.name === name)) throw new TaskflowsError('environment.exists', `there is an environment ${JSON.stringify(name)} already`, { details: { name } })
      const now = clock.now()
      const created: NamedEnvironment = { name, description: '', ...content, version: 1, createdAt: now, updatedAt: now }
      store.write([...kept, created].sort((one, other) => (one.name < other.name ? -1 : 1)))
      tell({ type: 'created', name, version: 1, by: change.by })
      return viewOf(created)
    },
    plan: async (name, given) => (await prepareEdit(findEnvironment(store.read(), name), given, true)).plan,
    async edit(name, given, change) {
      const { before, edited, users } = await storeEdit(name, given, change)
      const applied = change.apply && users.length > 0 ? await applyTo(users, before, edited, change) : null
      tell({ type: 'changed', name, version: edited.version, by: change.by })
      return { environment: viewOf(edited, users), applied }
    },
    async remove(name, change) {
      await using _ = await lock('delete', change)
      const kept = store.read()
      const found = findEnvironment(kept, name)
      refuseOtherVersion(found, change.versions)
      const users = await usersOf(name, host)
      if (users.length > 0) throw inUse(name, users.map((user) => user.name))
      store.write(kept.filter((environment) => environment.name !== name))
      tell({ type: 'removed', name, version: found.version, by: change.by })
      return viewOf(found)
    },
  }
}

/** Nothing that a person stopped is started, and nothing else of the same files is looked at. */
const asTheyRun = { start: false, sources: [] } as const

function replaced(kept: ReturnType<EnvironmentStore['read']>, environment: NamedEnvironment): NamedEnvironment[] {
  return kept.map((each) => (each.name === environment.name ? environment : each))
}

/** What was said, in the form that is kept. @throws `environment.invalid` */
function settled(name: string, { description, type, environment: given }: GivenEnvironment, before?: NamedEnvironment): Pick<NamedEnvironment, 'type' | 'environment'> & { readonly description?: string } {
  const what = `environment ${name}`
  // Twice: a mask may be no value of its field, and fields have other names before they are read.
  const read = readEnvironment(withoutMasks(given, before?.environment).environment, what, homedir())
  const { environment, problems } = withoutMasks(writtenEnvironment(read), before?.environment)
  const otherType = type === undefined || type === read.kind ? [] : [{ path: 'type', message: `expected ${read.kind}, which environment is, got ${type}` }]
  refuse(what, [...problems, ...problemsOf(description), ...otherType])
  return { type: read.kind, environment, ...(description !== undefined && { description: description.trim() }) }
}

const longestDescription = 1_000

function problemsOf(description = ''): FieldProblem[] {
  const message = description.length > longestDescription ? `expected at most ${longestDescription} characters, got ${description.length}` : problemOfLine(description)
  return message === undefined ? [] : [{ path: 'description', message }]
}

function refuseName(name: string): void {
  if (isEnvironmentName(name)) return
  refuse('environment', [{ path: 'name', message: name.length > longestEnvironmentName ? `expected at most ${longestEnvironmentName} characters, got ${name.length}` : `expected ${environmentNameForm}, got ${describe(name)}` }])
}

function refuseOtherVersion({ name, version }: NamedEnvironment, expected: readonly string[] | undefined): void {
  if (expected === undefined || expected.includes(String(version))) return
  throw new TaskflowsError('request.precondition_failed', `environment ${JSON.stringify(name)} is at version ${version}; expected ${expected.length === 0 ? 'one that no version matches' : expected.join(' or ')}`, {
    details: { name, version: String(version), expected },
  })
}

function inUse(name: string, services: readonly string[]): TaskflowsError {
  return new TaskflowsError('environment.in_use', `the environment ${JSON.stringify(name)} is used by ${services.join(', ')}`, {
    details: { name, services }, hint: 'Remove these services, or define them with another environment, first.',
  })
}
