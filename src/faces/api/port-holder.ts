/**
 * Which process listens on a port of this machine. Linux tells through /proc;
 * elsewhere, and for processes of others, the answer is not known.
 */
import { readFileSync, readdirSync, readlinkSync } from 'node:fs'

/** `node (pid 4711)`, or `undefined`. */
export function findPortHolder(port: number): string | undefined {
  const inodes = ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((path) => listeningInodes(read(path), port))
  if (inodes.length === 0) return undefined
  const sockets = new Set(inodes.map((inode) => `socket:[${inode}]`))
  const pid = entries('/proc').find((name) => /^\d+$/.test(name) && holdsOne(name, sockets))
  return pid === undefined ? undefined : `${read(`/proc/${pid}/comm`).trim()} (pid ${pid})`
}

/** The inodes of the listening sockets in the text of /proc/net/tcp, see proc_pid_net(5). */
export function listeningInodes(table: string, port: number): string[] {
  const local = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  const listening = '0A'
  return table.split('\n').map((line) => line.trim().split(/\s+/))
    .filter((columns) => columns[1]?.endsWith(local) && columns[3] === listening)
    .map((columns) => columns[9]!)
}

function holdsOne(pid: string, sockets: ReadonlySet<string>): boolean {
  return entries(`/proc/${pid}/fd`).some((fd) => sockets.has(link(`/proc/${pid}/fd/${fd}`)))
}

/** Processes come and go, and those of others are closed to us: what cannot be read is empty. */
function read(path: string): string {
  return attempt(() => readFileSync(path, 'utf8'), '')
}

function entries(path: string): string[] {
  return attempt(() => readdirSync(path), [])
}

function link(path: string): string {
  return attempt(() => readlinkSync(path), '')
}

function attempt<T>(look: () => T, otherwise: T): T {
  try {
    return look()
  } catch {
    return otherwise
  }
}
