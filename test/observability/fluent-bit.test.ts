/** The configuration of Fluent Bit: keys that it knows, files that exist, and the labels that extract_labels.lua gives. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { lineIds } from '../../src/kernel/observe/log-line.ts'
import { deployment, readDeployed } from './programs.ts'

interface Section {
  /** `INPUT tail`; `SERVICE` and `PARSER` have no kind. */
  readonly kind: string
  /** In lower case: Fluent Bit ignores case. */
  readonly keys: ReadonlyMap<string, string>
}

const labels = ['app', 'environment', 'hostname', 'service_name', 'severity']

/** https://docs.fluentbit.io/manual: the keys of each plugin that we use, and those that all inputs or outputs share. */
const known: Readonly<Record<string, readonly string[]>> = {
  'SERVICE': [
    'flush', 'grace', 'log_level', 'parsers_file', 'http_server', 'http_listen', 'http_port', 'health_check', 'hc_errors_count', 'hc_retry_failure_count', 'hc_period',
    'storage.path', 'storage.sync', 'storage.backlog.mem_limit',
  ],
  'PARSER': ['name', 'format'],
  'INPUT': ['name', 'tag', 'storage.type'],
  'INPUT systemd': ['db', 'db.sync', 'path', 'max_entries', 'max_fields', 'systemd_filter', 'systemd_filter_type', 'read_from_tail', 'lowercase', 'strip_underscores'],
  'INPUT tail': [
    'path', 'path_key', 'exclude_path', 'db', 'db.sync', 'db.locking', 'db.journal_mode', 'read_from_head', 'refresh_interval', 'rotate_wait', 'ignore_older',
    'buffer_chunk_size', 'buffer_max_size', 'skip_long_lines', 'skip_empty_lines', 'key', 'parser', 'static_batch_size', 'inotify_watcher',
  ],
  'INPUT forward': ['listen', 'port', 'unix_path', 'tag_prefix', 'buffer_chunk_size', 'buffer_max_size', 'shared_key', 'self_hostname'],
  'FILTER': ['name', 'match', 'match_regex', 'alias'],
  'FILTER parser': ['key_name', 'parser', 'preserve_key', 'reserve_data'],
  'FILTER lua': ['script', 'call', 'code', 'type_int_key', 'type_array_key', 'protected_mode', 'time_as_table', 'enable_flb_null'],
  'OUTPUT': ['name', 'match', 'match_regex', 'retry_limit', 'storage.total_limit_size', 'workers', 'alias'],
  'OUTPUT loki': [
    'host', 'port', 'uri', 'http_user', 'http_passwd', 'bearer_token', 'tenant_id', 'labels', 'label_keys', 'label_map_path', 'structured_metadata', 'structured_metadata_map_keys',
    'remove_keys', 'drop_single_key', 'line_format', 'compress', 'tls', 'tls.verify',
  ],
  'OUTPUT file': ['path', 'file', 'format', 'mkdir'],
  'OUTPUT stdout': ['format', 'json_date_key', 'json_date_format'],
}

const main = sectionsOf('fluent-bit/fluent-bit.conf')
const debug = sectionsOf('fluent-bit/debug.conf')
const parsers = sectionsOf('fluent-bit/parsers.conf')
const only = (kind: string) => main.find((section) => section.kind === kind)!.keys

test('Fluent Bit knows every key', () => {
  const foreign = [...main, ...debug, ...parsers].flatMap(({ kind, keys }) => {
    const allowed = [...known[kind.split(' ')[0]!] ?? [], ...known[kind] ?? []]
    return [...keys.keys()].filter((key) => !allowed.includes(key)).map((key) => `${kind}: ${key}`)
  })
  expect(foreign).toEqual([])
})

test('there are the journal, log files, containers, and a page for health', () => {
  expect(main.filter(({ kind }) => kind.startsWith('INPUT')).map(({ kind }) => kind)).toEqual(['INPUT systemd', 'INPUT tail', 'INPUT forward'])
  expect(only('INPUT forward').get('port')).toBe('24224')
  expect(Object.fromEntries(only('SERVICE'))).toMatchObject({ http_server: 'On', http_port: '2020', health_check: 'On' })
})

test('each input keeps its place on the disk, and what is not sent yet', () => {
  const databases = main.filter(({ kind }) => kind.startsWith('INPUT') && kind !== 'INPUT forward').map(({ keys }) => keys.get('db'))
  expect(new Set(databases).size).toBe(2)
  for (const database of databases) expect(database).toMatch(/^\/var\/lib\/fluent-bit\//)
  for (const { kind, keys } of main) if (kind.startsWith('INPUT')) expect(keys.get('storage.type')).toBe('filesystem')
})

test('lines of every input are parsed, then labelled', () => {
  const [ofJournal, ofOthers, lua] = main.filter(({ kind }) => kind.startsWith('FILTER'))
  expect([ofJournal!.keys.get('match'), ofJournal!.keys.get('key_name')]).toEqual([only('INPUT systemd').get('tag'), 'MESSAGE'])
  const tags = new RegExp(ofOthers!.keys.get('match_regex')!)
  for (const tag of [only('INPUT tail').get('tag')!, `${only('INPUT forward').get('tag_prefix')!}3f2a91c07b4e`]) expect(tag).toMatch(tags)
  for (const { keys } of [ofJournal!, ofOthers!]) {
    expect(parsers.map((parser) => parser.keys.get('name'))).toContain(keys.get('parser'))
    expect([keys.get('preserve_key'), keys.get('reserve_data')]).toEqual(['On', 'On'])
  }
  expect(Object.fromEntries(lua!.keys)).toMatchObject({ match: '*', script: 'extract_labels.lua', call: 'extract_labels', time_as_table: 'On' })
})

test('every file that is named exists', () => {
  for (const name of [only('SERVICE').get('parsers_file')!, only('FILTER lua').get('script')!, 'fluent-bit.conf']) expect(existsSync(join(deployment, 'fluent-bit', name))).toBe(true)
  expect(readDeployed('fluent-bit/debug.conf')).toContain('@INCLUDE fluent-bit.conf')
})

test('Loki gets five labels, the ids as structured metadata, and the bare line', () => {
  const loki = only('OUTPUT loki')
  expect(loki.get('label_keys')!.split(',')).toEqual(labels.map((name) => `$${name}`))
  expect(loki.get('structured_metadata')!.split(',')).toEqual(lineIds.map((name) => `${name}=$${name}`))
  expect(loki.get('remove_keys')!.split(',')).toEqual([...labels, ...lineIds])
  expect(Object.fromEntries(loki)).toMatchObject({ drop_single_key: 'raw', line_format: 'json', compress: 'gzip', retry_limit: '5', match: '*' })
})

/** The classic format: sections in brackets, and in them a key and its value on each line. */
function sectionsOf(path: string): Section[] {
  const sections: { kind: string; keys: Map<string, string> }[] = []
  for (const line of readDeployed(path).split('\n').filter((text) => !/^\s*(#|@|$)/.test(text))) {
    const [, head] = /^\[(\w+)\]$/.exec(line) ?? []
    if (head !== undefined) {
      sections.push({ kind: head, keys: new Map() })
      continue
    }
    const [, key = '', value = ''] = /^ {4}(\S+)\s+(.+)$/.exec(line) ?? []
    const section = sections.at(-1)!
    expect(section.keys, `${path}: ${line}`).not.toContain(key.toLowerCase())
    section.keys.set(key.toLowerCase(), value)
    if (key === 'Name' && section.kind !== 'PARSER') section.kind += ` ${value}`
  }
  return sections
}
