/**
 * A machine of its own for what a test runs on it: a network namespace, reached from this one by one cable per link.
 * In the middle of each cable is a bridge from which its far end can be taken: packets vanish, and neither side is told.
 *
 *   this machine ──veth── bridge ──veth── machine
 *                            ▲ cut: the far end leaves the bridge; both sides keep their carrier
 */
import { spawnSync } from 'node:child_process'

export interface Link {
  /** IPv4, of the machine on this link. */
  readonly address: string
  /** From now on nothing comes through, in either direction. */
  cut(): void
  heal(): void
}

export interface Network<Name extends string> extends Disposable {
  /** Of the machine, for `nsenter --net=/run/netns/NAME`. */
  readonly namespace: string
  readonly links: Readonly<Record<Name, Link>>
}

/** Why this machine cannot have one, if it cannot. */
export function missingForNetwork(): string | undefined {
  if (process.platform !== 'linux') return 'network namespaces need Linux'
  if (process.getuid?.() !== 0) return 'network namespaces need root'
  if (spawnSync('ip', ['-V']).status !== 0) return 'ip is not installed (apt-get install iproute2)'
  if (spawnSync('nsenter', ['--version']).status !== 0) return 'nsenter is not installed (apt-get install util-linux)'
  const name = `tf-try-${process.pid}`
  const { status, stderr } = spawnSync('ip', ['netns', 'add', name], { encoding: 'utf8' })
  if (status !== 0) return `network namespaces are refused: ${stderr.trim()}`
  ip('netns', 'del', name)
  return undefined
}

/** Networks of this process, for names of their own. */
let opened = 0

export function openNetwork<Name extends string>(names: readonly Name[]): Network<Name> {
  const number = (opened += 1)
  const namespace = `tf-machine-${process.pid}-${number}`
  const middle = `tf-middle-${process.pid}-${number}`
  using stack = new DisposableStack()
  for (const name of [namespace, middle]) {
    ip('netns', 'add', name)
    stack.defer(() => ip('netns', 'del', name))
  }
  ip('-n', namespace, 'link', 'set', 'lo', 'up')
  const links = Object.fromEntries(names.map((name, at) => {
    const subnet = freeSubnet()
    const near = `tf${process.pid}n${number}-${at}`
    layCable(near, `${subnet}.1`, `02:00:00:00:${hex(at)}:01`, middle, `near${at}`)
    stack.defer(() => ip('link', 'del', near))
    layCable(`eth${at}`, `${subnet}.2`, `02:00:00:00:${hex(at)}:02`, middle, `far${at}`, namespace)
    // Known for ever: a cut must not show as an address that nobody answers for.
    ip('neigh', 'replace', `${subnet}.2`, 'lladdr', `02:00:00:00:${hex(at)}:02`, 'dev', near, 'nud', 'permanent')
    ip('-n', namespace, 'neigh', 'replace', `${subnet}.1`, 'lladdr', `02:00:00:00:${hex(at)}:01`, 'dev', `eth${at}`, 'nud', 'permanent')
    ip('-n', middle, 'link', 'add', `br${at}`, 'type', 'bridge')
    for (const end of [`near${at}`, `far${at}`]) ip('-n', middle, 'link', 'set', end, 'master', `br${at}`)
    ip('-n', middle, 'link', 'set', `br${at}`, 'up')
    return [name, {
      address: `${subnet}.2`,
      cut: () => ip('-n', middle, 'link', 'set', `far${at}`, 'nomaster'),
      heal: () => ip('-n', middle, 'link', 'set', `far${at}`, 'master', `br${at}`),
    } satisfies Link]
  })) as Record<Name, Link>
  const laid = stack.move()
  return { namespace, links, [Symbol.dispose]: () => laid.dispose() }
}

/** One with the address at its end, here or in `namespace`; the other end is in the middle. */
function layCable(end: string, address: string, hardware: string, middle: string, far: string, namespace?: string): void {
  const there = namespace === undefined ? [] : ['-n', namespace]
  ip(...there, 'link', 'add', end, 'address', hardware, 'type', 'veth', 'peer', 'name', far, 'netns', middle)
  ip(...there, 'addr', 'add', `${address}/24`, 'dev', end)
  ip(...there, 'link', 'set', end, 'up')
  ip('-n', middle, 'link', 'set', far, 'up')
}

/** Three numbers of an address, of a network that this machine does not know. */
function freeSubnet(): string {
  const { stdout } = spawnSync('ip', ['-4', 'route', 'show', 'table', 'all'], { encoding: 'utf8' })
  for (;;) {
    const subnet = `10.${100 + Math.floor(Math.random() * 100)}.${Math.floor(Math.random() * 256)}`
    if (!stdout.includes(`${subnet}.`)) return subnet
  }
}

const hex = (byte: number): string => byte.toString(16).padStart(2, '0')

function ip(...args: readonly string[]): void {
  const { status, stderr } = spawnSync('ip', args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`ip ${args.join(' ')}: ${stderr.trim()}`)
}
