/** What an environment may be called. Names travel in addresses and in lines of a shell. Safe for the browser. */

export const longestEnvironmentName = 100

export const environmentName = /^(?!.*\.\.)[A-Za-z0-9](?:[A-Za-z0-9_.-]*[A-Za-z0-9])?$/

export const environmentNameForm = 'letters, digits, dots, dashes and underscores, a letter or digit first and last, and no two dots in a row'

export function isEnvironmentName(name: string): boolean {
  return name.length <= longestEnvironmentName && environmentName.test(name)
}
