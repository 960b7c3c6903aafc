/** The operations on the named environments of the host: where commands of services run, under names that definitions use. They belong to no tenant. */
import { z } from 'zod'
import { EnvironmentName, ServiceScope } from '../engines/services/vocabulary.ts'
import { Instant, freeText, operation } from './operation.ts'
import { AppliedServices, ServicePlan } from './services.ts'

const name = EnvironmentName.describe('What definitions call it')
const Written = z.record(z.string(), z.unknown())

export const Environment = z.object({
  name: z.string(),
  hostname: z.string(),
  description: z.string(),
  type: z.enum(['venv', 'docker']),
  environment: Written.describe('A Venv or a DockerContainer, as definitions say it; values that look like secrets are masked'),
  version: z.int().describe('One more with each change'),
  created_at: Instant,
  updated_at: Instant,
  services: z.array(z.object({ name: z.string(), scope: ServiceScope })).describe('Services of this host that use it'),
}).meta({ id: 'Environment' })
export type Environment = z.output<typeof Environment>

export const EditedEnvironment = Environment.extend({
  applied: AppliedServices.nullable().describe('What became of the services that use it; null when there are none, or they were left alone'),
}).meta({ id: 'EditedEnvironment' })

const content = {
  description: freeText(1_000).optional().describe('For people'),
  type: z.enum(['venv', 'docker']).optional().describe('What environment must be'),
  environment: Written.describe('A Venv (env_name) or a DockerContainer (image), as definitions say it; a masked value is the one that is kept'),
}

export const environments = {
  list: operation({
    method: 'GET', path: '/environments', aliases: ['/environments', '/api/environments'], permission: 'services:read',
    summary: 'List named environments',
    input: z.strictObject({}),
    output: z.object({ items: z.array(Environment), next_cursor: z.null() }),
    errors: ['environment.invalid'],
    cli: { command: 'env list', examples: ['tf env list', 'tf env list -o json'] },
  }),
  get: operation({
    method: 'GET', path: '/environments/{name}', aliases: ['/environments/{name}', '/api/environments/{name}'], permission: 'services:read', version: 'version',
    summary: 'Show a named environment and the services that use it',
    input: z.strictObject({ name }),
    output: Environment,
    errors: ['request.invalid', 'environment.not_found', 'environment.invalid'],
    cli: { command: 'env show', args: ['name'], examples: ['tf env show ml', 'tf env show ml -o yaml'] },
  }),
  create: operation({
    method: 'POST', path: '/environments', aliases: ['/environments', '/api/environments'], permission: 'services:write', success: 201, version: 'version',
    summary: 'Create a named environment',
    input: z.strictObject({ name, ...content }),
    output: Environment,
    errors: ['request.invalid', 'environment.exists', 'environment.invalid', 'access.denied'],
  }),
  plan: operation({
    method: 'POST', path: '/environments/{name}/plan', permission: 'services:write', slow: true,
    summary: 'Say what an edit would change in the services that use the environment, and change nothing',
    input: z.strictObject({ name, ...content }),
    output: ServicePlan,
    errors: ['request.invalid', 'environment.not_found', 'environment.invalid', 'service.invalid'],
  }),
  edit: operation({
    method: 'PUT', path: '/environments/{name}', aliases: ['/environments/{name}', '/api/environments/{name}'], permission: 'services:write', version: 'version', ifMatch: true, slow: true,
    summary: 'Replace a named environment, and give it to the services that use it',
    input: z.strictObject({ name, ...content, apply: z.boolean().default(true).describe('Change the services that use it; else they do when they are applied next') }),
    output: EditedEnvironment,
    errors: ['request.invalid', 'request.precondition_failed', 'environment.not_found', 'environment.invalid', 'service.invalid', 'service.verify_failed', 'service.not_applied', 'systemd.unavailable', 'docker.unavailable', 'docker.image_failed'],
  }),
  delete: operation({
    method: 'DELETE', path: '/environments/{name}', aliases: ['/environments/{name}', '/api/environments/{name}'], permission: 'services:write', ifMatch: true,
    summary: 'Delete a named environment that no service uses',
    input: z.strictObject({ name }),
    output: Environment,
    errors: ['request.invalid', 'request.precondition_failed', 'environment.not_found', 'environment.in_use', 'environment.invalid'],
    cli: { command: 'env delete', args: ['name...'], confirm: 'Delete these environments?', examples: ['tf env delete ml'] },
  }),
}
