/** A function of any arguments, as tasks and commands of services are. */
// oxlint-disable-next-line typescript/no-explicit-any -- a function of any arguments; its own type is kept
export type AnyFunction = (...args: any[]) => unknown
