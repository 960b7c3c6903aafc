/** Why Docker cannot be reached, in words, and what to do about it. */
import { TaskflowsError } from '../../kernel/errors.ts'

/** The words of the client from 20.10 to 29 for a daemon that it does not reach. It is not translated. */
const unreachable = /cannot connect to the docker daemon|permission denied while trying to connect|error during connect|failed to connect to the docker API/i

export function isUnavailable(said: readonly string[]): boolean {
  return said.some((line) => unreachable.test(line))
}

export interface DockerSilence {
  readonly environment: Readonly<Record<string, string | undefined>>
  /** What the client said; `null`: there is no client. */
  readonly said: readonly string[] | null
}

export function dockerUnavailable({ environment, said }: DockerSilence): TaskflowsError {
  const named = environment['DOCKER_HOST']
  if (said === null) {
    return new TaskflowsError('docker.unavailable', 'The program docker is not found', { details: { path: environment['PATH'] ?? '' }, hint: 'Install it: apt-get install docker.io, or https://docs.docker.com/engine/install/.' })
  }
  const words = said.find((line) => unreachable.test(line)) ?? said.at(-1) ?? 'it said nothing'
  const socket = named ?? /(unix:\/\/\S+?|tcp:\/\/\S+?)[:.]?(?:\s|$)/.exec(words)?.[1] ?? 'unix:///var/run/docker.sock'
  const { found, hint } = explain(words, socket, named !== undefined)
  return new TaskflowsError('docker.unavailable', `Docker does not answer at ${socket}: ${found}`, { details: { socket, said: words }, hint })
}

function explain(words: string, socket: string, isNamed: boolean): { found: string; hint: string } {
  const account = 'As root: usermod -aG docker ACCOUNT, then log in anew. Whoever may open this socket is root on this machine; rootless Docker is not.'
  if (/permission denied/i.test(words)) return { found: 'this account may not open the socket', hint: account }
  const start = isNamed ? `DOCKER_HOST says ${socket}: is that right, and does it run?` : 'As root: systemctl start docker. A rootless one: systemctl --user start docker, with DOCKER_HOST=unix:///run/user/UID/docker.sock.'
  if (/no answer within/.test(words)) return { found: words, hint: `It hangs, or the machine is overloaded. journalctl -u docker says more.` }
  return { found: /error during connect/i.test(words) ? words.replace(/^.*error during connect: /i, '') : 'no daemon is there', hint: start }
}
