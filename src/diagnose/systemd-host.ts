/**
 * Looks at what services need of the machine besides a manager that answers:
 * its version, what it may limit, what outlives a logout and a reboot.
 * `systemd.ts` has the managers and the services themselves.
 *
 * Files are read below `root`, which tests give.
 */
import { execFile } from 'node:child_process'
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type Finding, fail, ok, skipped, warn } from './finding.ts'

export interface Account {
  readonly uid: number
  readonly name: string
}

const run = promisify(execFile)
/** Programs that have more to do than to tell what they know are not waited for. */
const patienceMs = 800

/** What a program prints; `null` when there is none, or it fails, or takes long. */
async function outputOf(program: string, ...args: readonly string[]): Promise<string | null> {
  return run(program, [...args], { timeout: patienceMs }).then(({ stdout }) => stdout, () => null)
}

/** Upholds=, PropagatesStopTo= and LoadCredential= in the user scope came with it. */
const oldestSystemd = 249
/** So did Condition...Pressure=, LoadCredentialEncrypted= and systemd-analyze security --offline. */
const wholeSystemd = 250

export async function checkVersion(): Promise<Finding> {
  return judgeVersion(await outputOf('systemctl', '--version'))
}

/** @param text what `systemctl --version` prints */
export function judgeVersion(text: string | null): Finding {
  const version = Number(/^systemd (\d+)/.exec(text ?? '')?.[1])
  if (!version) return fail('systemd version', 'systemctl is not found or says no version', 'apt-get install systemd')
  if (version < oldestSystemd) return fail('systemd version', String(version), `Services need systemd ${oldestSystemd} or newer: upgrade the system.`)
  if (version < wholeSystemd) return warn('systemd version', `${version}: requirements on pressure and encrypted secrets do not work`, `Upgrade to systemd ${wholeSystemd} or newer.`)
  return ok('systemd version', String(version))
}

/** Without it the manager of the account ends at its logout, and starts at its next login. */
export async function checkLinger({ name }: Account, root = '/'): Promise<Finding> {
  return (await exists(join(root, 'var/lib/systemd/linger', name)))
    ? ok('linger', `services of ${name} start at boot and outlive a logout`)
    : warn('linger', `services of ${name} end at logout, and start at login only`, `loginctl enable-linger ${name}`)
}

/** What user@.service hands down unless told otherwise, and what more a service may ask for. */
const usualControllers = ['cpu', 'memory', 'pids']
const moreControllers = ['cpuset', 'io']

export async function checkControllers({ uid }: Account, root = '/'): Promise<Finding> {
  const groups = join(root, 'sys/fs/cgroup')
  if (!(await exists(join(groups, 'cgroup.controllers')))) {
    return warn('cgroup', 'version 1: limits hold for services of the system only, not for those of an account', 'Add systemd.unified_cgroup_hierarchy=1 to the command line of the kernel (GRUB_CMDLINE_LINUX in /etc/default/grub, then update-grub), and reboot.')
  }
  return judgeControllers(await readOrNull(join(groups, `user.slice/user-${uid}.slice/user@${uid}.service/cgroup.controllers`)))
}

/** @param text of cgroup.controllers of the account's manager; `null` when it does not run */
export function judgeControllers(text: string | null): Finding {
  if (text === null) return skipped('cgroup', 'version 2; what the manager of the account may limit is seen when it runs')
  const present = text.split(/\s+/)
  const missing = (names: readonly string[]) => names.filter((name) => !present.includes(name))
  const delegate = `As root: mkdir -p /etc/systemd/system/user@.service.d && printf '[Service]\\nDelegate=cpu cpuset io memory pids\\n' > /etc/systemd/system/user@.service.d/delegate.conf && systemctl daemon-reload; then log in anew.`
  if (missing(usualControllers).length > 0) return warn('cgroup', `version 2, but the manager of the account may not limit ${missing(usualControllers).join(', ')}`, delegate)
  const rest = missing(moreControllers)
  return rest.length === 0 ? ok('cgroup', 'version 2, with all controllers') : { ...ok('cgroup', `version 2; limits of ${rest.join(' and ')} hold for services of the system only`), mend: delegate }
}

export async function checkPressure(root = '/'): Promise<Finding> {
  // Where it is compiled in and switched off the file is there, and cannot be read.
  return (await readOrNull(join(root, 'proc/pressure/memory'))) !== null
    ? ok('pressure', 'the kernel measures it')
    : warn('pressure', 'the kernel does not measure it: requirements on pressure are taken as met', 'Add psi=1 to the command line of the kernel (GRUB_CMDLINE_LINUX in /etc/default/grub, then update-grub), and reboot.')
}

export async function checkJournal(root = '/'): Promise<Finding> {
  return (await exists(join(root, 'var/log/journal')))
    ? ok('journal', 'kept over reboots in /var/log/journal')
    : warn('journal', 'lost at each reboot, and with it logs and history', 'As root: mkdir -p /var/log/journal && systemd-tmpfiles --create --prefix /var/log/journal && systemctl restart systemd-journald')
}

export async function checkClock(root = '/'): Promise<Finding> {
  if (await exists(join(root, 'run/systemd/timesync/synchronized'))) return ok('time', 'synchronised by systemd-timesyncd')
  return judgeClock(await outputOf('timedatectl', 'show', '--property=NTPSynchronized', '--value'))
}

/** @param text what timedatectl says of the kernel, whoever sets its clock */
export function judgeClock(text: string | null): Finding {
  const answer = text?.trim()
  if (answer === 'yes') return ok('time', 'synchronised')
  return answer === 'no'
    ? warn('time', 'not synchronised: schedules run by whatever it shows', 'As root: timedatectl set-ntp true (or run chrony)')
    : skipped('time', 'whether it is synchronised is not known: timedatectl does not answer')
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(() => true, () => false)
}

function readOrNull(path: string): Promise<string | null> {
  return readFile(path, 'utf8').catch(() => null)
}
