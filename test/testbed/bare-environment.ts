/**
 * What a program of ours needs of the environment of the tests, for those that must know nothing else of it: where programs
 * are, and what Node has compiled already (`global-setup.ts`).
 */
export const bareEnvironment = { PATH: process.env['PATH'], NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'] }
