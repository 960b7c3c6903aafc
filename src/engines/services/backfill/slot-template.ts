/** The template by which a service makes up for times, of its present definition. */
import { TaskflowsError } from '../../../kernel/errors.ts'
import { openCompiler } from '../environments/settle-environment.ts'
import type { ServicesHost } from '../host.ts'
import type { ServiceScope } from '../service-definition.ts'
import type { UnitFile } from '../service-manager.ts'

/** @throws `backfill.invalid` when the service was removed meanwhile, `service.invalid`, `environment.not_found` */
export async function slotTemplate(host: Pick<ServicesHost, 'manager' | 'environments' | 'versions'>, scope: ServiceScope, service: string): Promise<UnitFile> {
  const definition = host.versions.latest(scope, service)?.definition
  const isThere = (await host.manager(scope).installed()).some((unit) => unit.service === service && unit.role === 'service')
  if (definition === undefined || !isThere) throw new TaskflowsError('backfill.invalid', `${service} is not there any more`, { details: { name: service, scope } })
  const compile = await openCompiler(host, scope, 'slots')
  return compile(definition).units[0]!
}
