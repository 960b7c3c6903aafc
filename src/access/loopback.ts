/**
 * What counts as this machine talking to itself.
 */
import { isIP } from 'node:net'

/** Whether the address of a socket's other end is loopback. Nothing a caller writes into headers counts. */
export function isLoopbackAddress(address: string | undefined): boolean {
  return address !== undefined && /^(::ffff:)?127\.\d+\.\d+\.\d+$|^::1$/i.test(address)
}

/** Whether a name or an address to listen on is loopback. A name that DNS decides about is not. */
export function isLoopbackName(name: string): boolean {
  const bare = name.replace(/^\[(.*)\]$/, '$1').toLowerCase()
  return bare === 'localhost' || (isIP(bare) !== 0 && isLoopbackAddress(bare))
}

/**
 * Whether a Host header names this machine. A page of another site can make a browser connect
 * to 127.0.0.1 under its own name (DNS rebinding), but not under one of these.
 */
export function isLoopbackHostHeader(host: string | undefined): boolean {
  return host !== undefined && isLoopbackName(host.replace(/:\d{1,5}$/, ''))
}
