/** When a service is started again after it ended (systemd.service(5), `Restart=`). */
import { serviceFields } from '../define/fields.ts'
import { readWhole } from '../define/read-whole.ts'
import type { RestartCondition, RestartPolicyDefinition } from '../service-definition.ts'
import type { RestartPolicyOptions } from './service-options.ts'

/**
 * @throws ValidationError `service.invalid`, naming each option
 * @example
 * new RestartPolicy({ condition: 'on-failure', delay: 10, maxAttempts: 5, window: 300 })
 */
export class RestartPolicy implements RestartPolicyDefinition {
  declare readonly condition: RestartCondition
  /** Seconds. */
  declare readonly delay?: number
  declare readonly maxAttempts?: number
  /** Seconds. */
  declare readonly window?: number

  constructor(options: RestartPolicyOptions) {
    Object.assign(this, readWhole<RestartPolicyDefinition>('RestartPolicy', serviceFields.restartPolicy.kind, options))
  }
}
