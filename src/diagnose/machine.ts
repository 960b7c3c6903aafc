/** Looks at this machine: Node, the home, the server that is on record. `database.ts` looks at PostgreSQL. */
import { access, constants, readFile, stat, statfs } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { securityStatus } from '../access/security-file.ts'
import { type TaskflowsError, messageOf } from '../kernel/errors.ts'
import { healthOf, recordedServer } from '../known-server.ts'
import { type Finding, fail, ok, warn } from './finding.ts'

const oldestNode = 24

export function checkNode(): Finding {
  const major = Number(process.versions.node.split('.')[0])
  const found = `${process.version} at ${process.execPath}`
  return major >= oldestNode ? ok('node', found) : fail('node', found, `Install Node.js ${oldestNode} or newer.`)
}

export async function checkHome(home: string): Promise<Finding> {
  const mend = 'Set TASKFLOWS_HOME to a directory that this account may write.'
  try {
    await access(home, constants.W_OK | constants.X_OK)
    const { mode } = await stat(home)
    return (mode & 0o077) === 0 ? ok('home', home) : warn('home', `${home} can be read by other accounts`, `chmod 700 ${home}`)
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'ENOENT') return fail('home', messageOf(error), mend)
    return access(dirname(home), constants.W_OK).then(() => ok('home', `${home} will be made at the first start`), () => fail('home', `${home} does not exist and cannot be made`, mend))
  }
}

/** PostgreSQL stops when it cannot write its log, so it is told of before. */
const littleSpaceBytes = 1024 ** 3
const noSpaceBytes = 100 * 1024 ** 2

export async function checkDisk(home: string): Promise<Finding> {
  const { bavail, bsize } = await statfs(await nearestExisting(home))
  const free = bavail * bsize
  const found = `${(free / 1024 ** 3).toFixed(1)} GiB free for ${home}`
  const mend = 'Make room, or set TASKFLOWS_HOME to a larger disk.'
  return free < noSpaceBytes ? fail('disk', found, mend) : free < littleSpaceBytes ? warn('disk', found, mend) : ok('disk', found)
}

async function nearestExisting(path: string): Promise<string> {
  return access(path).then(() => path, () => (dirname(path) === path ? path : nearestExisting(dirname(path))))
}

export function checkSecurity(home: string): Finding {
  try {
    const security = securityStatus(home)
    if (!security) return ok('security', 'no secret yet: the first tf serve makes one')
    return security.hmac.enabled
      ? ok('security', 'requests must be signed')
      : warn('security', 'disabled: every program on this machine is admin', 'tf api security setup')
  } catch (error) {
    return fail('security', messageOf(error), (error as TaskflowsError).hint ?? 'tf api security setup --regenerate-secret')
  }
}

export async function checkServer(home: string): Promise<Finding> {
  const record = await readFile(join(home, 'run', 'server.json'), 'utf8').catch(() => null)
  if (record === null) return ok('server', 'none runs: tf works on the database itself; tf serve starts one')
  try {
    const { url, pid } = JSON.parse(record) as { url: string; pid: number }
    const status = await healthOf(recordedServer(home) ?? { url }, 3_000)
    return status === 200 ? ok('server', `${url} (process ${pid})`) : fail('server', `${url} answers ${status}`, 'Look at the log of the server.')
  } catch (error) {
    return warn('server', `one is on record but does not answer: ${messageOf(error)}`, `Start it again: tf serve. Or remove ${join(home, 'run', 'server.json')}.`)
  }
}
