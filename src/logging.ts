/** The face `taskflows/logging`. */
export { clearLogContext as clearRequestContext } from './kernel/observe/log-context.ts'
