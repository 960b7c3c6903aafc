/** Why a server cannot listen, in words that name the address and the way out. */
import { TaskflowsError, messageOf } from '../../kernel/errors.ts'
import { findPortHolder } from './port-holder.ts'

export function listenError(error: unknown, host: string, port: number): TaskflowsError {
  const address = `${host.includes(':') ? `[${host}]` : host}:${port}`
  const details = { host, port }
  switch ((error as NodeJS.ErrnoException).code) {
    case 'EADDRINUSE': {
      const holder = findPortHolder(port)
      return new TaskflowsError('server.port_in_use', `${address} is in use${holder === undefined ? '' : ` by ${holder}`}`, { details: { ...details, ...(holder !== undefined && { holder }) }, cause: error })
    }
    case 'EACCES':
      return new TaskflowsError('server.cannot_listen', `${address} may not be used by this account`, { details, hint: 'Ports below 1024 are reserved: set TASKFLOWS_PORT to a higher one.', cause: error })
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new TaskflowsError('server.cannot_listen', `${JSON.stringify(host)} is not an address of this machine`, { details, hint: 'Set TASKFLOWS_HOST to 127.0.0.1, or to an address that this machine has.', cause: error })
    default:
      return new TaskflowsError('server.cannot_listen', `cannot listen on ${address}: ${messageOf(error)}`, { details, cause: error })
  }
}
