import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { hostileText } from '../../../../test/testbed/hostile-text.ts'
import { serviceDefinition } from '../../../../test/testbed/service-arbitraries.ts'
import { temporaryFolder } from '../../../../test/testbed/temporary-folder.ts'
import { TaskflowsError } from '../../../kernel/errors.ts'
import { importCronLine } from '../import/import-cron-line.ts'
import { readCrontab } from '../import/import-crontab.ts'
import { uniqueName } from '../import/import-names.ts'
import { loadDefinitions } from './load-definitions.ts'
import { moduleText } from './module-text.ts'
import { readDefinition } from '../define/read-definition.ts'
import type { ServiceDefinition } from '../service-definition.ts'

const lines = Number(process.env['TASKFLOWS_FUZZ_VALUES'] ?? 100_000)

/** Nothing but imports of the library, exports of its classes, and literals. */
function holdsOnlyLiterals(text: string): boolean {
  const bare = text.replaceAll(/'(?:[^'\\\n]|\\[^\n])*'/g, "''")
  const [head, ...rest] = bare.split('\n')
  const tokens = rest.join('\n').replaceAll(/export const [A-Za-z][A-Za-z0-9]* = new Service\(/g, '').replaceAll(/new (?:Calendar|Periodic|RestartPolicy|CgroupConfig|Venv|DockerContainer|DockerImage|Volume|Ulimit|Memory|CPUs|(?:CPU|Memory|IO)Pressure)\(/g, '').replaceAll(/(?:[A-Za-z_$][\w$]*|''|\[''\]): /g, '')
  return /^import \{ [A-Za-z, ]+ \} from ''$/.test(head!) && /^(?:''|-?\d+(?:\.\d+)?(?:e-?\d+)?|true|false|[\s{}[\](),])*$/.test(tokens)
}

const plain = (definition: ServiceDefinition): unknown => JSON.parse(JSON.stringify({ ...definition, source: undefined }))

async function loaded(text: string): Promise<readonly unknown[]> {
  await using folder = await temporaryFolder()
  mkdirSync(join(folder.path, 'node_modules'))
  symlinkSync(join(import.meta.dirname, '../../../..'), join(folder.path, 'node_modules/taskflows'))
  writeFileSync(join(folder.path, 'services.mts'), text)
  return (await loadDefinitions('services.mts', { cwd: folder.path })).definitions.map(plain)
}

test('is as a person writes it', () => {
  expect(moduleText([readDefinition({
    name: 'nightly-report', description: 'It\'s "new"', startCommand: ['/bin/report', 'a b'], schedule: [{ schedule: 'daily 03:00 Europe/Berlin', persistent: false }, { schedule: 'Mon..Fri 09:00 Europe/Berlin', persistent: false }], restart: 'on-failure',
    cgroup: { memoryLimit: '1.5G', cpuQuota: 50_000 }, timeout: '2h', env: { A: 'b' }, execStartPre: [['/bin/a']], directives: { Service: { Nice: 5 } }, systemLoadConstraints: { kind: 'memory', amount: '8GB', silent: true },
  })])).toBe(`import { Calendar, CgroupConfig, Memory, Service } from 'taskflows'

export const nightlyReport = new Service({
  name: 'nightly-report',
  description: 'It\\'s "new"',
  startCommand: ['/bin/report', 'a b'],
  execStartPre: ['/bin/a'],
  startSchedule: [
    new Calendar('daily 03:00 Europe/Berlin', { persistent: false }),
    new Calendar('Mon..Fri 09:00 Europe/Berlin', { persistent: false }),
  ],
  env: { A: 'b' },
  timeout: '2h',
  restartPolicy: 'on-failure',
  startupRequirements: new Memory({ amount: '8G', silent: true }),
  cgroupConfig: new CgroupConfig({ cpuQuota: 50000, memoryLimit: '1536M' }),
  directives: { Service: { Nice: '5' } },
})
`)
})

test('has containers with what belongs to them', () => {
  expect(moduleText([readDefinition({
    name: 'api', restart: 'always', environment: { image: { tag: 'app:1', path: '/tmp' }, command: 'python app.py', ports: { '8080/tcp': ['127.0.0.1', 80] }, volumes: '/data:/data:ro', ulimits: 'nofile=5', cgroup: { memoryLimit: '1G' } },
  }), readDefinition({ name: 'web', environment: { image: 'nginx:1' } }), readDefinition({ name: 'job', environment: 'production', startCommand: 'x' })])).toBe(`import { CgroupConfig, DockerContainer, DockerImage, Service, Ulimit, Volume } from 'taskflows'

export const api = new Service({
  name: 'api',
  startCommand: 'python app.py',
  environment: new DockerContainer({
    image: new DockerImage({ tag: 'app:1', path: '/tmp' }),
    ports: [{ container: 8080, protocol: 'tcp', host: 80, ip: '127.0.0.1' }],
    volumes: new Volume({ hostPath: '/data', containerPath: '/data', readOnly: true }),
    cgroupConfig: new CgroupConfig({ memoryLimit: '1G' }),
    ulimits: new Ulimit({ name: 'nofile', soft: 5, hard: 5 }),
  }),
  restartPolicy: 'always',
})

export const web = new Service({
  name: 'web',
  environment: new DockerContainer({ image: 'nginx:1' }),
})

export const job = new Service({
  name: 'job',
  startCommand: 'x',
  environment: 'production',
})
`)
})

test('of any definitions is loaded as the same definitions', async () => {
  const definitions = fc.sample(serviceDefinition, 300).map((definition, at) => ({ ...definition, name: definition.name.endsWith('@') ? `t${at}@` : `s${at}-${definition.name}` }))
  const text = moduleText(definitions)
  expect(holdsOnlyLiterals(text)).toBe(true)
  expect(await loaded(text)).toEqual(definitions.map(plain))
}, 60_000)

test('a variable may be called as what objects inherit', async () => {
  const [definition] = definitionsOf('__proto__=x\nconstructor=y\n@daily a')
  const text = moduleText([definition!])
  expect(text).toContain("['__proto__']: 'x'")
  expect(JSON.stringify((await loaded(text))[0])).toBe(JSON.stringify(plain(definition!)))
})

test('of hostile crontabs holds only literals, and says what they say', async () => {
  const piece = fc.oneof(hostileText, fc.constantFrom("'", '\\', '`', '${', '*/', '\u2028', "');", '\n', '%', '\\%', '#', '=', ' '))
  const line = fc.tuple(fc.constantFrom('* * * * * ', '@daily ', '0 3 * * 1 ', 'A=', '# ', '@reboot '), fc.array(piece, { maxLength: 4 })).map(([time, rest]) => `${time}${rest.join('').slice(0, 500)}`)
  const [perModule, perCrontab] = [2_000, 20]
  for (let done = 0; done < lines; done += perModule) {
    const taken = new Set<string>()
    // Of several crontabs, since one hostile variable spoils all lines behind it.
    const definitions = Array.from({ length: perModule / perCrontab }, () => definitionsOf(fc.sample(line, perCrontab).join('\n'), taken)).flat()
    expect(definitions.length).toBeGreaterThan(0)
    const text = moduleText(definitions)
    expect(holdsOnlyLiterals(text)).toBe(true)
    if (done < 3 * perModule) expect(await loaded(text)).toEqual(definitions.map(plain))
  }
}, 240_000)

function definitionsOf(crontab: string, taken = new Set<string>()): ServiceDefinition[] {
  return readCrontab(crontab, { system: false }).entries.flatMap((entry) => {
    const name = uniqueName('job', taken)
    try {
      const definition = readDefinition(importCronLine(name, entry, { scope: 'user', home: '/tmp' }).options)
      taken.add(name)
      return [definition]
    } catch (error) {
      if (error instanceof TaskflowsError) return []
      throw error
    }
  })
}
