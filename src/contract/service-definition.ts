/** A service definition as it travels and as YAML files have it: snake_case, durations and sizes as numbers or text. */
import { z } from 'zod'

export const ServiceDefinition = z.looseObject({ name: z.string() }).meta({ id: 'ServiceDefinition' })
export type ServiceDefinition = z.input<typeof ServiceDefinition>
