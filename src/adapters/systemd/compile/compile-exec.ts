/** Commands to Exec lines: which program, where it is, and in which environment it runs. */
import type { Command, ServiceDefinition, VenvDefinition } from '../../../engines/services/service-definition.ts'
import { ValidationError } from '../../../kernel/errors.ts'
import { containerLines } from './compile-container.ts'
import type { Compilation } from './compile-host.ts'
import { peakLine } from './measure-peak.ts'
import { type UnitSection, type UnitText, execLine } from './unit-text.ts'

export function execDirectives(compilation: Compilation): UnitSection {
  const { definition, container: run, host } = compilation
  const line = (command: Command): UnitText => execLine(argvOf(command, compilation))
  const lines = (commands: readonly Command[] = []): readonly UnitText[] => commands.map(line)
  const container = run && containerLines(run, compilation)
  return {
    ExecCondition: lines(definition.execCondition),
    // What a command prepares, such as a network, must be there when the container is made.
    ExecStartPre: [...lines(definition.execStartPre), ...(container ? [container.pre] : [])],
    ExecStart: container?.start ?? line(hostCommand(definition)),
    ExecStartPost: lines(definition.execStartPost),
    ExecReload: definition.restartCommand && line(definition.restartCommand),
    ExecStop: container?.stop ?? (definition.stopCommand && line(definition.stopCommand)),
    // That of a container would be that of Docker's client.
    ExecStopPost: [...(container || host.peakLogger === undefined ? [] : [peakLine(host.scope, host.peakLogger)]), ...(container ? [container.post] : []), ...lines(definition.execStopPost)],
  }
}

/** @throws `service.invalid` when only a container could say what runs, or nobody looked up the environment */
function hostCommand({ name, startCommand, environment }: ServiceDefinition): Command {
  if (startCommand.kind !== 'image' && environment?.kind !== 'named') return startCommand
  const why = environment?.kind === 'named' ? `its environment ${JSON.stringify(environment.name)} was not looked up` : 'startCommand is missing, and there is no container whose image could say it'
  throw new ValidationError('service.invalid', `${name} cannot be compiled: ${why}`, { details: { service: name } })
}

function argvOf(command: Command, compilation: Compilation): readonly [string, ...string[]] {
  const { definition: { environment }, host } = compilation
  // An environment of conda brings a PATH of its own, in which it looks for the program.
  const prefix = environment?.kind === 'venv' ? venvPrefix(environment, compilation) : undefined
  const argv = command.kind === 'function' ? [...host.runExport, `${command.file}#${command.export}`] as const : command.argv
  if (prefix !== undefined) return [...prefix, ...argv]
  return command.kind === 'function' ? argv : [programPath(command.argv[0], compilation), ...command.argv.slice(1)]
}

/** Without `--`: conda takes it for the program. */
function venvPrefix(environment: VenvDefinition, { host, warn }: Compilation): readonly [string, ...string[]] {
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
