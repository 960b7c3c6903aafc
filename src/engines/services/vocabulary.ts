/** The words of services that every reader shares. Safe for the browser: nothing but zod. */
import { z } from 'zod'
import { environmentName, environmentNameForm, longestEnvironmentName } from './environments/environment-name.ts'

export const serviceScopes = ['user', 'system'] as const
export const ServiceScope = z.enum(serviceScopes).meta({ id: 'ServiceScope', description: 'user: the systemd of the account. system: that of the machine.' })

/** In one word, for lists. */
export const ServiceStatus = z.enum(['running', 'active', 'starting', 'stopping', 'restarting', 'waiting', 'inactive', 'failed', 'not_loaded'])

/** A name, or a pattern of names. */
export const ServiceMatch = z.string().min(1).max(255).regex(/^[A-Za-z0-9._@*?:\\-]+$/, 'must be a name of letters, digits, dots, dashes and underscores, or a pattern with * and ?')

export const EnvironmentName = z.string().min(1).max(longestEnvironmentName).regex(environmentName, `must be ${environmentNameForm}`)

/** The table of what a definition says, for the schema of the wire. */
export type { Field, Fields, Kind, ObjectKind } from './define/field.ts'
export { snakeName } from './define/field.ts'
export { calendarFields, periodicFields, serviceTable } from './define/fields.ts'
export type { WireDefinition } from './library/wire-definition.ts'
