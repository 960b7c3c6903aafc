/**
 * Looks at what services need: managers of systemd that answer, and the services
 * themselves. `systemd-host.ts` has what the machine does for them. Where there
 * is no systemd at all that is said once.
 */
import { existsSync } from 'node:fs'
import { type UserInfo, homedir, userInfo } from 'node:os'
import { createVenvRunner } from '../adapters/systemd/compile/programs.ts'
import { childEnvironment } from '../config.ts'
import type { ServiceScope, ServiceView, Services } from '../engines/services/index.ts'
import { serverName } from '../engines/services/define/service-name.ts'
import { TaskflowsError, messageOf } from '../kernel/errors.ts'
import { type Finding, fail, ok, skipped, warn } from './finding.ts'
import { type Account, checkClock, checkControllers, checkJournal, checkLinger, checkPressure, checkVersion } from './systemd-host.ts'

/** What a manager answered: the services that it runs, or why not. */
type Look = { readonly views: readonly ServiceView[] } | { readonly error: unknown }

/** @param isBooted systemd is the first process of this machine: sd_booted(3) */
export async function* checkSystemd(services: Pick<Services, 'list'>, { uid, username: name }: Pick<UserInfo<string>, 'uid' | 'username'> = userInfo(), isBooted = existsSync('/run/systemd/system')): AsyncGenerator<Finding> {
  const account: Account = { uid, name }
  const user = await look(services, 'user')
  if (!isBooted && 'error' in user) {
    yield warn('systemd', 'does not run here, so there are no services; tasks and jobs need none of it', 'Services need a machine, a virtual machine or a container that was started with systemd.')
    return
  }
  const isRoot = uid === 0
  const system = isRoot || 'error' in user ? await look(services, 'system') : await look(services, 'system').then((found) => ('views' in found && found.views.length > 0 ? found : undefined))
  // Asked all together, and told in their order.
  const findings = [
    checkVersion(), judgeLook('user', user, isRoot), ...(system && isBooted ? [judgeLook('system', system, 'views' in user)] : []),
    ...('views' in user ? [checkLinger(account), checkControllers(account)] : []),
    checkPressure(), checkJournal(), checkClock(), findConda(),
    ...judgeServices([user, ...(system ? [system] : [])].flatMap((found) => ('views' in found ? found.views : []))),
  ]
  for (const finding of findings) yield await finding
}

async function look(services: Pick<Services, 'list'>, scope: ServiceScope): Promise<Look> {
  return services.list({ scope }).then((views) => ({ views }), (error: unknown) => ({ error }))
}

/** @param optional whether the other one will do */
function judgeLook(scope: ServiceScope, found: Look, optional: boolean): Finding {
  const check = `systemd of the ${scope === 'user' ? 'account' : 'machine'}`
  if ('views' in found) return ok(check, `answers; it has ${found.views.length || 'no'} ${found.views.length === 1 ? 'service' : 'services'} of taskflows`)
  const { error } = found
  const mend = (error instanceof TaskflowsError ? error.hint : undefined) ?? 'journalctl -b -u dbus.socket says more.'
  return optional ? { ...skipped(check, messageOf(error)), mend } : fail(check, messageOf(error), mend)
}

function findConda(): Finding {
  const program = createVenvRunner({ path: childEnvironment()['PATH'] ?? '', homeDirectory: homedir() })({ kind: 'venv', envName: '' })?.program
  return program === undefined
    ? skipped('conda', 'neither micromamba, mamba nor conda is found: only services in a Venv need one')
    : ok('conda', program)
}

/** What deserves to be looked at, with the command that does. */
export function judgeServices(views: readonly ServiceView[]): Finding[] {
  const systemctl = (scope: ServiceScope) => (scope === 'user' ? 'systemctl --user' : 'systemctl')
  const failed = views.filter(({ status }) => status === 'failed').map(({ name }) => name)
  const unread = views.filter(({ drift }) => drift.some(isUnread))
  // tf api start and stop say whether the server itself starts at boot.
  const drifted = views.filter(({ name, drift }) => name !== serverName && drift.some((how) => !isUnread(how)))
  return [
    ...(failed.length > 0 ? [warn('services', `failed: ${failed.join(', ')}`, `tf logs ${failed[0]} shows what it said, tf start ${failed[0]} starts it again`)] : []),
    ...(['user', 'system'] as const).filter((scope) => unread.some((view) => view.scope === scope)).map((scope) => (
      warn('services', `changed on disk since systemd read them: ${unread.filter((view) => view.scope === scope).map(({ name }) => name).join(', ')}`, `${systemctl(scope)} daemon-reload`))),
    ...drifted.map(({ name, drift }) => warn('services', `${name} differs from what was applied: ${drift.filter((how) => !isUnread(how)).join('; ')}`, `tf create PATH applies its definition again; tf rollback ${name} restores the version before`)),
    ...(views.length > 0 && failed.length + unread.length + drifted.length === 0 ? [ok('services', 'none has failed, and all are as they were applied')] : []),
  ]
}

function isUnread(drift: string): boolean {
  return drift.endsWith('changed on disk since systemd read it')
}
