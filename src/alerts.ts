/** The face `taskflows/alerts`: destinations, components, and sending without a task. */
export * from './kernel/alerts/components.ts'
export { AlertNotSent } from './kernel/alerts/message.ts'
