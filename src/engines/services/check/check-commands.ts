/** What people write into commands and variables, and what does not mean what it does in a shell. Pure. */
import { type Finding, findingOf } from './check-finding.ts'
import { looksSecret } from '../define/secret-env.ts'
import type { Command, ServiceDefinition } from '../service-definition.ts'

/** They read a program of their own out of their arguments. */
const interpreters = /^(?:(?:ba|da|z|k|fi|tc|c)?sh|busybox|g?awk|mawk|perl|python[\d.]*|node|ruby|php|sed|jq|env|ssh|su|sudo|envsubst|make)$/
/** What a shell would take for itself, as a word of its own. */
const operator = /^(?:&&|\|\|?|;|&|[12]?>>?|<|2>&1)$/
const variable = /\$(?:[A-Za-z_]\w*|\{\w+\})/
const home = /^~(?:\/|$)/
const pathPattern = /^[^:]*\/[^/:]*[*?]/
/** What has these is text or a program in another language, and no word that somebody would leave to a shell. */
const isText = /[\s'"`]/

export function checkCommands(definition: ServiceDefinition): Finding[] {
  return commandsOf(definition).flatMap(({ field, command }) => {
    const trap = trapIn(command)
    return trap === undefined ? [] : [findingOf(definition, { check: 'command', field, ...trap })]
  })
}

/** Variables whose values stand in the definition: they are kept out of units, but whoever reads the file reads them. */
export function checkEnvironment(definition: ServiceDefinition): Finding[] {
  const { cgroupConfig, env, environment } = definition
  const ofContainer = environment?.kind === 'docker' ? { ...environment.cgroupConfig?.environment, ...environment.env } : {}
  const names = Object.entries({ ...cgroupConfig?.environment, ...env, ...ofContainer }).filter(([name, value]) => looksSecret(name, value)).map(([name]) => name)
  if (names.length === 0) return []
  return [findingOf(definition, {
    severity: 'advice', check: 'secret', field: 'env',
    message: `${names.join(', ')} ${names.length === 1 ? 'looks like a secret' : 'look like secrets'}, and ${names.length === 1 ? 'its value is' : 'their values are'} part of the definition`,
    hint: 'Name a file in secrets or envFile instead. What is here goes to a file that only the account can read, never into the unit.',
  })]
}

interface Placed {
  readonly field: string
  readonly command: Command
}

function commandsOf(definition: ServiceDefinition): Placed[] {
  const single = (['startCommand', 'stopCommand', 'restartCommand'] as const).flatMap((field) => definition[field] === undefined || definition[field].kind === 'image' ? [] : [{ field, command: definition[field] }])
  const lists = (['execCondition', 'execStartPre', 'execStartPost', 'execStopPost'] as const).flatMap((field) => (definition[field] ?? []).map((command) => ({ field, command })))
  const { healthCheck } = definition
  return [...single, ...lists, ...healthCheck?.command === undefined ? [] : [{ field: 'healthCheck.command', command: healthCheck.command }]]
}

function trapIn(command: Command): Pick<Finding, 'severity' | 'message' | 'hint'> | undefined {
  if (command.kind === 'function') return undefined
  const [program, ...words] = command.argv
  if (interpreters.test(program.slice(program.lastIndexOf('/') + 1))) return undefined
  const quoted = (word: string): string => JSON.stringify(word)
  const shell = `No shell runs it; if one is meant, write ['bash', '-c', '...'].`
  const found = (pattern: RegExp): string | undefined => words.find((word) => !isText.test(word) && pattern.test(word))
  const [joined, expanded, atHome, files] = [found(operator), found(variable), found(home), found(pathPattern)]
  if (joined !== undefined) return { severity: 'warning', message: `${quoted(joined)} is passed to ${program} as a word`, hint: shell }
  if (expanded !== undefined) return { severity: 'warning', message: `${quoted(expanded)} is passed as it is: nothing puts the value of a variable there`, hint: `${shell} Or write the value.` }
  if (atHome !== undefined) return { severity: 'warning', message: `${quoted(atHome)} is passed as it is: nothing puts the home directory there`, hint: `Write the path. ${shell}` }
  if (files !== undefined) return { severity: 'advice', message: `${quoted(files)} is passed as it is: no list of files takes its place`, hint: `Right for programs that read patterns. ${shell}` }
  return undefined
}
