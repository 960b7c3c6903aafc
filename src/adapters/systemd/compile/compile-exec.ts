/** Commands to Exec lines: which program, where it is, and in which environment it runs. */
import type { Command, EnvironmentDefinition } from '../../../engines/services/service-definition.ts'
import { ValidationError } from '../../../kernel/errors.ts'
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
  if (command.kind === 'function') {
    const argv = [...host.runExport, `${command.file}#${command.export}`] as const
    return environment === undefined ? argv : [...environmentPrefix(environment, compilation), ...argv]
  }
  // An environment brings a PATH of its own, in which it looks for the program.
  if (environment !== undefined) return [...environmentPrefix(environment, compilation), ...command.argv]
  return [programPath(command.argv[0], compilation), ...command.argv.slice(1)]
}

/** Without `--`: conda takes it for the program. */
function environmentPrefix(environment: EnvironmentDefinition, { host, warn }: Compilation): readonly [string, ...string[]] {
  const runner = host.venvRunner(environment)
  if (runner === undefined) warn(`no micromamba, mamba or conda was found${environment.customPath === undefined ? '' : ` at ${environment.customPath}`} to run the environment ${environment.envName}`)
  const { program, liveOutput } = runner ?? { program: 'conda', liveOutput: ['--no-capture-output'] }
  return [program, 'run', '-n', environment.envName, ...liveOutput]
}

function programPath(name: string, { definition, host, warn }: Compilation): string {
  const found = host.findProgram(name, definition)
  if (found !== undefined) return found
  // systemd would look for it in no directory.
  if (name.includes('/') && !name.startsWith('/')) {
    throw new ValidationError('service.invalid', `The program ${JSON.stringify(name)} of ${definition.name} is no absolute path: systemd expands no ~ and no variable there`, { details: { service: definition.name, program: name } })
  }
  warn(`the program ${JSON.stringify(name)} is not there, or may not be executed`)
  return name
}
