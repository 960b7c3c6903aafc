/**
 * The arguments to Node that a child needs to load the modules of its parent:
 * loaders, conditions, limits. What says what the parent itself runs, or opens
 * a port of its own, stays behind.
 */

/** Their value may be the argument that follows. */
const withProgram = new Set(['-e', '--eval', '-p', '--print', '-pe'])
const dropped = /^(--inspect|--input-type|--test|--watch|--run|--check|--interactive)\b|^(--eval|--print)=|^-[ci]$/

/** @param parent `process.execArgv` */
export function childArguments(parent: readonly string[]): string[] {
  return parent.filter((argument, at) => !withProgram.has(argument) && !withProgram.has(parent[at - 1] ?? '') && !dropped.test(argument))
}
