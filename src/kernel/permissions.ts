/**
 * The words of permission. The contract says which one an operation needs,
 * `access/roles.ts` which role carries it. Safe for the browser.
 */
export const permissions = ['jobs:read', 'jobs:write', 'events:read', 'system:read', 'metrics:read'] as const
export type Permission = (typeof permissions)[number]
