/** `taskflows/client`: the typed client for programs. */
import { contract, type TaskflowsContract } from '../contract/index.ts'
import { type Client, createClient } from './create-client.ts'
import { type HttpTransportOptions, createHttpTransport } from './http-transport.ts'
import { routesOf } from './routes.ts'

export { type CallOptions, type Client, type Transport, createClient } from './create-client.ts'
export type { FollowOptions } from './follow.ts'
export { type HttpTransportOptions, createHttpTransport } from './http-transport.ts'
export { type Route, type RouteTable, routesOf } from './routes.ts'

/**
 * A client of a server.
 *
 * @example
 * const taskflows = connectTo({ url: 'http://127.0.0.1:7777', secret })
 * const job = await taskflows.jobs.add({ name: 'resize', payload: { file: 'a.png' } })
 */
export function connectTo(options: Omit<HttpTransportOptions, 'routes'>): Client<TaskflowsContract> {
  return createClient<TaskflowsContract>(createHttpTransport({ ...options, routes: routesOf(contract) }))
}
