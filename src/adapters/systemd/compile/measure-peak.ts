/**
 * The most memory that a run had. systemd tells it from 255 on, and does not keep a control group behind its last process; so where
 * it is older, a line of sh(1) that systemd runs within the group reads it (memory.peak, Linux 5.19) and tells journald in
 * the words of systemd's own messages. It counts itself, which is about a megabyte.
 */
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { peakMessageId } from '../../../engines/services/ledger/peak-message.ts'
import type { ServiceScope } from '../../../engines/services/service-definition.ts'
import { type UnitText, execLine, verbatim } from './unit-text.ts'

/** `$0` is the unit, `$1` logger(1), `$2` what stands before the names of the fields that say of whom this is. */
const script = [
  'IFS=: read -r _ _ group </proc/self/cgroup',
  'read -r peak <"/sys/fs/cgroup$group/memory.peak" || exit 0',
  `printf "MESSAGE_ID=${peakMessageId}\\nMESSAGE=%s: Memory peak was %s bytes.\\nMEMORY_PEAK=%s\\n%sUNIT=%s\\n%sINVOCATION_ID=%s\\n" "$0" "$peak" "$peak" "$2" "$0" "$2" "$INVOCATION_ID" | "$1" --journald`,
].join('; ')

/** Its failure is none of the service's. In system scope it runs as root whatever the account, since anybody could tell anything else. */
export function peakLine(scope: ServiceScope, logger: string): UnitText {
  const line = execLine(['/bin/sh', '-c', script, { unit: verbatim('%n') }, logger, scope === 'user' ? 'USER_' : ''])
  return verbatim(`${scope === 'user' ? '-' : '-+'}${line}`)
}

/** Of units of ours, where a machine needs it: it is no part of what a definition says. */
export function isPeakLine(line: string): boolean {
  return line.includes(`MESSAGE_ID=${peakMessageId}`)
}

/** Absolute, of logger(1), where that line is needed and can work. */
export function findPeakLogger(systemctl: string, findProgram: (name: string) => string | undefined): string | undefined {
  if (!existsSync('/sys/fs/cgroup/cgroup.controllers')) return undefined
  return versionOf(systemctl) < 255 ? findProgram('logger') : undefined
}

/** Infinite where nobody knows. */
function versionOf(systemctl: string): number {
  try {
    return Number(/^systemd (\d+)/.exec(execFileSync(systemctl, ['--version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }))?.[1] ?? Infinity)
  } catch {
    return Infinity
  }
}
