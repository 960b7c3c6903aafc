/** The service engine: definitions of what systemd runs, and what can be asked of them. Loads no package. */
export type * from './schedules.ts'
export type * from './service-definition.ts'
export type * from './service-manager.ts'
export type * from './services.ts'
