/** The files of deploy/observability agree with each other: addresses, mounts, variables, uids. */
import { existsSync, globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { deployment, readDeployed, readYaml, root } from './programs.ts'

interface ComposeService {
  readonly image: string
  readonly build?: string
  readonly network_mode: string
  readonly restart: string
  readonly command?: readonly string[]
  readonly environment?: Readonly<Record<string, string | null>>
  readonly volumes: readonly string[]
  readonly healthcheck: { readonly test: readonly string[] }
}

interface ScrapeConfig {
  readonly job_name: string
  readonly static_configs?: readonly { readonly targets: readonly string[] }[]
}

const compose = readYaml<{ services: Readonly<Record<string, ComposeService>>; volumes: Readonly<Record<string, unknown>> }>('docker-compose.yml')
const services = Object.entries(compose.services)
const { 'fluent-bit': fluentBit, loki, prometheus, grafana } = compose.services as Record<'fluent-bit' | 'loki' | 'prometheus' | 'grafana', ComposeService>
const lokiConfig = readYaml<{ server: object; limits_config: object; schema_config: { configs: readonly object[] } }>('loki/loki.yaml')

test('every YAML file can be read', () => {
  const files = globSync('**/*.{yml,yaml}', { cwd: deployment })
  expect(files.length).toBeGreaterThan(5)
  for (const file of files) expect(() => parse(readDeployed(file), { merge: true, strict: true }), file).not.toThrow()
})

test.for(services)('%s is pinned, comes back after a crash, and says whether it is well', ([, service]) => {
  expect(service.image).toMatch(/:v?\d+\.\d+\.\d+$/)
  expect(service.restart).toBe('unless-stopped')
  expect(service.healthcheck.test[0]).toBe('CMD')
})

test('the image of Fluent Bit is what its Dockerfile says', () => {
  const [, version] = /^FROM fluent\/fluent-bit:(\S+)$/m.exec(readDeployed(`${fluentBit.build!}/Dockerfile`))!
  expect(fluentBit.image).toBe(`taskflows/fluent-bit:${version}`)
})

test.for(services)('%s mounts what exists: files of ours, named volumes, and logs of the host', ([, { volumes }]) => {
  for (const volume of volumes) {
    const [source = ''] = volume.replace(/\$\{\w+:-([^}]*)\}/g, '$1').split(':')
    if (source.startsWith('.')) expect(existsSync(join(deployment, source)), source).toBe(true)
    else if (source.startsWith('/')) expect(source).toMatch(/^\/(var|run)\/log\/|^\/etc\/machine-id$/)
    else expect(Object.keys(compose.volumes)).toContain(source)
  }
})

test('what is mounted is where its reader looks', () => {
  const target = ({ volumes }: ComposeService, source: string) => volumes.find((volume) => volume.startsWith(`${source}:`))!.split(':')[1]
  expect(fluentBit.command![1]).toBe(`${target(fluentBit, './fluent-bit')}/\${FLUENT_BIT_CONFIG:-fluent-bit.conf}`)
  expect(loki.command).toContain(`-config.file=${target(loki, './loki')}/loki.yaml`)
  expect(prometheus.command).toContain(`--config.file=${target(prometheus, './prometheus')}/prometheus.yml`)
  const provider = readYaml<{ providers: readonly { options: { path: string } }[] }>('grafana/provisioning/dashboards/taskflows.yaml')
  expect(provider.providers[0]!.options.path).toBe(target(grafana, './grafana/dashboards'))
})

test('everything listens on this machine alone', () => {
  for (const [, service] of services) expect(service.network_mode).toBe('host')
  expect(prometheus.command).toContain('--web.listen-address=127.0.0.1:9090')
  expect(grafana.environment).toMatchObject({ GF_SERVER_HTTP_ADDR: '${GRAFANA_LISTEN:-127.0.0.1}', GF_SERVER_HTTP_PORT: '3000' })
  expect(lokiConfig.server).toMatchObject({ http_listen_address: '${LOKI_LISTEN:-127.0.0.1}', http_listen_port: 3100, grpc_listen_address: '127.0.0.1' })
  const listens = [...readDeployed('fluent-bit/fluent-bit.conf').matchAll(/^\s+(?:HTTP_)?Listen\s+(\S+)$/gm)].map(([, address]) => address)
  expect(listens).toEqual(['127.0.0.1', '127.0.0.1'])
})

test('Grafana has no password but the one that is set', () => {
  expect(grafana.environment!['GF_SECURITY_ADMIN_PASSWORD']).toMatch(/^\$\{GRAFANA_ADMIN_PASSWORD:\?/)
  expect(readDeployed('.env.example')).toMatch(/^GRAFANA_ADMIN_PASSWORD=$/m)
})

test('.env.example names every variable, with its default', () => {
  const used = new Map([...readDeployed('docker-compose.yml').matchAll(/\$\{(\w+):-([^}]*)\}/g)].map(([, name = '', preset = '']) => [name, preset]))
  const shown = new Map([...readDeployed('.env.example').matchAll(/^(\w+)=(.*)$/gm)].map(([, name = '', value = '']) => [name, value]))
  expect([...shown].filter(([name]) => name !== 'GRAFANA_ADMIN_PASSWORD').toSorted()).toEqual([...used].toSorted())
})

test('a container gets every variable that its configuration takes from the environment', () => {
  const named = (path: string) => [...new Set([...readDeployed(path).matchAll(/\$\{(\w+)|setting\('(\w+)'\)|getenv\('(\w+)'\)/g)].map(([, a, b, c]) => a ?? b ?? c))]
  const given = (service: ComposeService) => Object.keys(service.environment ?? {})
  expect(given(fluentBit).sort()).toEqual([...named('fluent-bit/fluent-bit.conf'), ...named('fluent-bit/extract_labels.lua')].sort())
  expect(given(loki).sort()).toEqual(named('loki/loki.yaml').sort())
  expect(given(grafana)).toEqual(expect.arrayContaining(named('grafana/provisioning/datasources/taskflows.yaml')))
})

test('Loki takes structured metadata, in the schema that holds it', () => {
  expect(lokiConfig.limits_config).toMatchObject({ allow_structured_metadata: true, max_label_names_per_series: 15 })
  expect(lokiConfig.schema_config.configs[0]).toMatchObject({ store: 'tsdb', schema: 'v13', index: { period: '24h' } })
})

test('Prometheus asks the server, Fluent Bit and Loki where they are', () => {
  const { scrape_configs: jobs, global } = readYaml<{ global: { scrape_interval: string }; scrape_configs: readonly ScrapeConfig[] }>('prometheus/prometheus.yml')
  expect(global.scrape_interval).toBe('15s')
  const targets = Object.fromEntries(jobs.filter((job) => job.static_configs).map((job) => [job.job_name, job.static_configs![0]!.targets]))
  expect(targets).toEqual({ 'taskflows-api': ['127.0.0.1:7777'], 'fluent-bit': ['127.0.0.1:2020'], 'loki': ['127.0.0.1:3100'] })
})

test('dashboards and the links of alerts name the data sources that there are', () => {
  const { datasources } = readYaml<{ datasources: readonly { uid: string; type: string }[] }>('grafana/provisioning/datasources/taskflows.yaml')
  const uids = datasources.map(({ uid, type }) => `${type} ${uid}`)
  const named = globSync('grafana/dashboards/*.json', { cwd: deployment })
    .flatMap((file) => [...readDeployed(file).matchAll(/"type": "(\w+)",\s+"uid": "(\w+)"/g)].map(([, type, uid]) => `${type} ${uid}`))
  expect([...new Set(named)].toSorted()).toEqual(uids.toSorted())
  expect(readFileSync(join(root, 'src/kernel/observe/log-link.ts'), 'utf8')).toContain("datasource: 'loki'")
})
