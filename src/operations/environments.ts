/**
 * The operations on named environments. They belong to the host, so callers that
 * are bound to a tenant see none. Loads no package: `tf` carries them out by
 * itself where there is no server.
 */
import { hostname } from 'node:os'
import type { z } from 'zod'
import type { Environment, environments } from '../contract/environments.ts'
import { withMasks } from '../engines/services/environments/masked-values.ts'
import type { EnvironmentChange, EnvironmentView, GivenEnvironment } from '../engines/services/index.ts'
import { TaskflowsError } from '../kernel/errors.ts'
import type { OperationContext } from './context.ts'
import type { Implementation } from './implement.ts'
import { type Here, showApplied, showPlan } from './show-service.ts'

export type EnvironmentContext = Pick<OperationContext, 'environments' | 'clock' | 'caller' | 'onProgress' | 'versions'>

export const environmentOperations: Implementation<typeof environments, EnvironmentContext> = {
  list: async (_, context) => ({ items: sees(context) ? (await context.environments.list()).map(showEnvironment) : [], next_cursor: null }),
  get: async ({ name }, context) => {
    requireSight(name, context)
    return showEnvironment(await context.environments.get(name))
  },
  create: async ({ name, ...given }, context) => {
    refuseBound(context)
    return showEnvironment(await context.environments.create(name, readGiven(given), changeOf(context)))
  },
  plan: async ({ name, ...given }, context) => {
    requireSight(name, context)
    return showPlan(await context.environments.plan(name, readGiven(given)), here(context))
  },
  edit: async ({ name, apply, ...given }, context) => {
    requireSight(name, context)
    const { environment, applied } = await context.environments.edit(name, readGiven(given), { ...changeOf(context), apply })
    return { ...showEnvironment(environment), applied: applied && showApplied(applied, here(context)) }
  },
  delete: async ({ name }, context) => {
    requireSight(name, context)
    return showEnvironment(await context.environments.remove(name, changeOf(context)))
  },
}

function showEnvironment({ name, description, type, environment, version, createdAt, updatedAt, services }: EnvironmentView): z.output<typeof Environment> {
  return {
    name, hostname: hostname(), description, type,
    environment: { ...withMasks(environment) },
    version, created_at: new Date(createdAt).toISOString(), updated_at: new Date(updatedAt).toISOString(),
    services: services.map(({ name: service, scope }) => ({ name: service, scope })),
  }
}

function readGiven({ description, type, environment }: { [K in keyof GivenEnvironment]: GivenEnvironment[K] | undefined } & Pick<GivenEnvironment, 'environment'>): GivenEnvironment {
  return { environment, ...(type !== undefined && { type }), ...(description !== undefined && { description }) }
}

function changeOf({ caller, versions, onProgress }: EnvironmentContext): EnvironmentChange {
  return { by: caller.name, ...(versions && { versions }), ...(onProgress && { onProgress }) }
}

function sees({ caller }: EnvironmentContext): boolean {
  return caller.tenant === null
}

function requireSight(name: string, context: EnvironmentContext): void {
  if (!sees(context)) throw new TaskflowsError('environment.not_found', `there is no environment ${JSON.stringify(name)}`, { details: { name } })
}

function refuseBound({ caller }: EnvironmentContext): void {
  if (caller.tenant === null) return
  throw new TaskflowsError('access.denied', `${caller.name} is bound to the tenant ${JSON.stringify(caller.tenant)} and may not define environments, which belong to the host`, { details: { tenant: caller.tenant } })
}

function here({ clock }: EnvironmentContext): Here {
  return { hostname: hostname(), now: clock.now() }
}
