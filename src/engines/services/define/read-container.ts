/** Reads a container that is made on its own, with what it says of its service (`settle-container.ts`), for `new DockerContainer`. */
import { container } from './container-fields.ts'
import { serviceFields } from './fields.ts'
import { readStartCommand } from './read-command.ts'
import { readValue } from './read-fields.ts'
import { refuseProblems, startReading } from './reading.ts'
import { policyOfDocker } from './settle-container.ts'

/**
 * @param directory that relative paths are relative to
 * @throws ValidationError `service.invalid`, SecurityError `service.unsafe`, naming each option
 */
export function readContainer({ command, restartPolicy, ...options }: { readonly command?: unknown; readonly restartPolicy?: unknown }, directory: string | undefined): object {
  const reading = startReading({ directory, startsIn: 'container' })
  const policy = policyOfDocker(restartPolicy)
  const read = {
    ...readValue(container, options, '', reading) as object | undefined,
    ...(command !== undefined && { command: readStartCommand(command, 'command', reading) }),
    ...(policy !== undefined && { restartPolicy: readValue(serviceFields.restartPolicy.kind, policy, 'restartPolicy', reading) }),
  }
  refuseProblems('DockerContainer', reading.problems)
  return read
}
