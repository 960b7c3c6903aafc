/**
 * `tf doctor`: looks at everything that taskflows needs on this machine
 * (`diagnose`) or at how safe it is (`audit`), and says how to mend what is
 * wrong. Each check stands alone, so that one that fails does not hide the others.
 */
import { type Config, type Explanation, configOf } from './config.ts'
import { listServers } from './access/server-list.ts'
import { checkConfiguration } from './diagnose/configuration.ts'
import { checkDatabase } from './diagnose/database.ts'
import { auditDatabase } from './diagnose/audit-database.ts'
import { auditEnvFiles } from './diagnose/audit-env-files.ts'
import { auditExposure } from './diagnose/audit-exposure.ts'
import { auditSecrets } from './diagnose/audit-secrets.ts'
import { checkCertificate } from './diagnose/certificate.ts'
import { checkDocker } from './diagnose/docker.ts'
import { type Finding, fail, skipped } from './diagnose/finding.ts'
import { checkDisk, checkHome, checkNode, checkSecurity, checkServer } from './diagnose/machine.ts'
import { allPrivateFiles, checkPrivateFiles, credentialFiles, ownersOf } from './diagnose/private-files.ts'
import { checkSystemd } from './diagnose/systemd.ts'
import { runsContainer } from './engines/services/apply/look-at-containers.ts'
import { openServices } from './services.ts'

export type { Finding }

export async function* diagnose(explanation: Explanation): AsyncGenerator<Finding> {
  const home = explanation.settings.home.value as string
  yield checkNode()
  yield* checkConfiguration(explanation)
  yield await checkHome(home)
  yield await checkDisk(home)
  yield* checkPrivateFiles(credentialFiles(filesOf(explanation)), ownersOf(home))
  yield checkSecurity(home)
  yield await checkServer(home)
  yield* checkCertificate(tlsOf(explanation), Date.now())
  yield* checkServices(home)
  if (explanation.problems.length > 0) yield skipped('database', 'not looked at: the configuration has to be mended first')
  else yield* checkDatabase(configOf(explanation))
}

async function* checkServices(home: string): AsyncGenerator<Finding> {
  await using services = openServices({ home })
  yield* checkSystemd(services)
  const installed = await Promise.all(services.host.scopes().map((scope) => services.host.manager(scope).installed()))
  yield* await checkDocker(installed.flat().some(runsContainer))
}

/** The checklist of docs/guides/security.md, as far as this machine can be asked. @param directory where .env files are looked for */
export async function* audit(explanation: Explanation, directory: string): AsyncGenerator<Finding> {
  if (explanation.problems.length > 0) {
    for (const { message, hint } of explanation.problems) yield fail('configuration', message, hint ?? 'Correct it.')
    yield skipped('audit', 'not made: the configuration has to be mended first')
    return
  }
  const config: Config = configOf(explanation)
  yield* auditSecrets(explanation, config.home, Date.now())
  yield await checkHome(config.home)
  yield* checkPrivateFiles(allPrivateFiles(filesOf(explanation)), ownersOf(config.home))
  yield* auditEnvFiles(directory)
  yield* auditExposure(config, serversOf(config.home))
  yield* auditDatabase(config)
  yield skipped('web passwords', 'not examined: there are no web pages and no accounts for them')
  yield skipped('services', 'not examined: no services are defined (accounts they run as, Docker only where needed)')
  yield skipped('containers', 'not examined: no services are defined (limits, dropped capabilities, read-only roots)')
}

/** A list that cannot be read is a finding of `tf servers list`. */
function serversOf(home: string) {
  try {
    return listServers(home)
  } catch {
    return []
  }
}

function tlsOf({ settings: { tlsCert, tlsKey } }: Explanation) {
  return { tlsCert: tlsCert.value as string | null, tlsKey: tlsKey.value as string | null }
}

function filesOf({ settings, file }: Explanation) {
  return { home: settings.home.value as string, configHoldsSecrets: file.secrets.length > 0 }
}
