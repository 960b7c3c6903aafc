/**
 * The words of permission. The contract says which one an operation needs,
 * `access/roles.ts` which role carries it. Safe for the browser.
 */
export const permissions = ['jobs:read', 'jobs:write', 'events:read', 'runs:read', 'runs:write', 'system:read', 'metrics:read', 'tokens:read', 'tokens:write', 'services:read', 'services:control', 'services:write'] as const
export type Permission = (typeof permissions)[number]

/** From the least to the most that a caller may do. */
export const roleNames = ['viewer', 'operator', 'admin'] as const
export type Role = (typeof roleNames)[number]
