/** Commands to Exec lines: which program, where it is, and in which environment it runs. */
import type { Command } from '../../engines/services/service-definition.ts'
import { ValidationError } from '../../kernel/errors.ts'
import type { Compilation } from './compile-host.ts'
import { type UnitSection, type UnitText, execLine } from './unit-text.ts'

export function execDirectives(compilation: Compilation): UnitSection {
  const { definition } = compilation
  const line = (command: Command): UnitText => execLine(argvOf(command, compilation))
  return {
    ExecCondition: definition.execCondition?.map(line),
    ExecStartPre: definition.execStartPre?.map(line),
    ExecStart: line(definition.startCommand),
    ExecStartPost: definition.execStartPost?.map(line),
    ExecReload: definition.restartCommand && line(definition.restartCommand),
    ExecStop: definition.stopCommand && line(definition.stopCommand),
    ExecStopPost: definition.execStopPost?.map(line),
  }
}

function argvOf(command: Command, compilation: Compilation): readonly [string, ...string[]] {
  const { definition: { environment }, host } = compilation
  if (environment === undefined) {
    return command.kind === 'function' ? [...host.runExport, exportName(command)] : [programPath(command.argv[0], compilation), ...command.argv.slice(1)]
  }
  // The environment brings a PATH of its own, in which it looks for the program.
  const inside = command.kind === 'function' ? [...host.runExport, exportName(command)] : command.argv
  return [...host.venvRunner(environment), ...inside]
}

const exportName = (command: Extract<Command, { kind: 'function' }>): string => `${command.file}#${command.export}`

function programPath(name: string, { definition, host, warn }: Compilation): string {
  const found = host.findProgram(name, definition)
  if (found !== undefined) return found
  // systemd takes nothing relative to a directory.
  if (name.includes('/') && !name.startsWith('/')) {
    throw new ValidationError('service.invalid', `The program ${JSON.stringify(name)} of ${definition.name} is not there: it is looked for in ${definition.workingDirectory ?? 'no directory, since workingDirectory is not set'}`, {
      details: { service: definition.name, program: name }, hint: 'Name it by an absolute path, or set workingDirectory.',
    })
  }
  warn(`the program ${JSON.stringify(name)} is not there, or may not be executed`)
  return name
}
