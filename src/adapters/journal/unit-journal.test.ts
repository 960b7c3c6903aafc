/** How journalctl is called, told by a program in its place that shows its arguments as entries. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import type { JournalReading, LogLine } from '../../engines/services/logs/service-journal.ts'
import { createUnitJournal } from './unit-journal.ts'
import { matcher, matchesOf, orphansOf } from './unit-matches.ts'

const directory = mkdtempSync(join(tmpdir(), 'taskflows-journalctl-'))
afterAll(() => rmSync(directory, { recursive: true }))

const cursorOf = (place: number) => `s=${'a'.repeat(32)};i=${place.toString(16)};b=${'b'.repeat(32)};m=1;t=2;x=${place.toString(16)}`

function journalctl(name: string, script: string): string {
  const path = join(directory, name)
  writeFileSync(path, `#!/bin/sh\n${script}\n`)
  chmodSync(path, 0o755)
  return path
}

const showsArguments = journalctl('arguments', `n=0; for arg in "$@"; do n=$((n+1)); printf '{"__CURSOR":"%s","__REALTIME_TIMESTAMP":"1","_UID":"1000","_SYSTEMD_USER_UNIT":"taskflows-web.service","MESSAGE":"%s"}\\n' $n "$arg"; done`)
const never = new AbortController().signal

async function argumentsOf(reading: JournalReading): Promise<string[]> {
  const lines: string[] = []
  for await (const batch of createUnitJournal({ uid: 1000, program: showsArguments }).read(reading, never)) lines.push(...batch.map(({ message }) => message))
  return lines.filter((argument) => !/^--(output|all|quiet|no-pager)/.test(argument))
}

const web = { kind: 'units', units: { user: ['taskflows-web.service'], system: ['taskflows-db.service'] } } as const

test('lines of units are those that journald knows as theirs, and those that bear their name alone', async () => {
  expect((await argumentsOf({ source: web, reverse: true, priority: 4 })).join(' ')).toBe([
    '--reverse --priority=4 _SYSTEMD_USER_UNIT=taskflows-web.service _UID=1000', 'USER_UNIT=taskflows-web.service _UID=1000', 'COREDUMP_USER_UNIT=taskflows-web.service COREDUMP_UID=1000 _UID=0',
    'OBJECT_SYSTEMD_USER_UNIT=taskflows-web.service OBJECT_UID=1000 _UID=0', 'SYSLOG_IDENTIFIER=web _TRANSPORT=stdout _UID=1000',
    '_SYSTEMD_UNIT=taskflows-db.service', 'UNIT=taskflows-db.service _PID=1', 'COREDUMP_UNIT=taskflows-db.service _UID=0', 'OBJECT_SYSTEMD_UNIT=taskflows-db.service _UID=0',
  ].join(' + '))
})

test('a line that names no unit is that of the unit with its name, if the account wrote it to its output', async () => {
  const entries = [
    { SYSLOG_IDENTIFIER: 'web', _TRANSPORT: 'stdout', _UID: '1000', MESSAGE: 'last words' },
    { SYSLOG_IDENTIFIER: 'web', _TRANSPORT: 'syslog', _UID: '1000', MESSAGE: 'of a program that calls itself web' },
    { SYSLOG_IDENTIFIER: 'web', _TRANSPORT: 'stdout', _UID: '1001', MESSAGE: 'of another account' },
    { SYSLOG_IDENTIFIER: 'web', _TRANSPORT: 'stdout', _UID: '1000', _SYSTEMD_UNIT: 'session-1.scope', MESSAGE: 'of a terminal' },
    { SYSLOG_IDENTIFIER: 'db', _TRANSPORT: 'stdout', _UID: '1000', MESSAGE: 'of a unit of the system, which journald always knows' },
  ]
  const program = journalctl('orphans', `cat <<'E'\n${entries.map((entry, at) => JSON.stringify({ __CURSOR: cursorOf(at), __REALTIME_TIMESTAMP: '1', ...entry })).join('\n')}\nE`)
  for (const user of [['taskflows-web.service'], Array.from({ length: 100 }, (_, at) => (at === 50 ? 'taskflows-web.service' : `taskflows-${at}.service`))]) {
    const lines: LogLine[] = []
    for await (const batch of createUnitJournal({ uid: 1000, program }).read({ source: { kind: 'units', units: { user, system: ['taskflows-db.service'] } } }, never)) lines.push(...batch)
    expect(lines).toMatchObject([{ message: 'last words', unit: 'taskflows-web.service', scope: 'user', invocationId: null }])
  }
})

test('a pattern means what the journal knows; in a stream also what comes later', async () => {
  const program = journalctl('patterns', `case "$*" in *--field=USER_UNIT*) printf 'taskflows-w@1.service\\ntaskflows-w@2.service\\ntaskflows-x.service\\n';; *) n=0; for arg in "$@"; do n=$((n+1)); printf '{"__CURSOR":"%s","__REALTIME_TIMESTAMP":"1","_UID":"1000","_SYSTEMD_USER_UNIT":"taskflows-w@1.service","MESSAGE":"%s"}\\n' $n "$arg"; done;; esac`)
  const source = (user: string) => ({ kind: 'units', units: { user: [user], system: [] } }) as const
  const asked = async (reading: JournalReading) => {
    const found: string[] = []
    for await (const batch of createUnitJournal({ uid: 1000, program }).read(reading, never)) found.push(...batch.map(({ message }) => message).filter((argument) => argument.startsWith('_SYSTEMD')))
    return found
  }
  expect(await asked({ source: source('taskflows-w@*.service') })).toEqual(['_SYSTEMD_USER_UNIT=taskflows-w@1.service', '_SYSTEMD_USER_UNIT=taskflows-w@2.service'])
  expect(await asked({ source: source('taskflows-w@*.service'), follow: true })).toEqual([])
  expect(await asked({ source: source('nothing@*') })).toEqual([])
  expect(createUnitJournal({ uid: 1000, program }).counts(source('taskflows-w@*.service'))).toBe(false)
})

test('runs side by side are those that the journal knows; times that are made up for are found in a stream by the name of their service, too', async () => {
  const units = ['run-taskflows-web@1.service', 'slot-taskflows-web@2026-11-21T03:00:00Z.service', 'run-taskflows-other@1.service']
  const program = journalctl('single', `case "$*" in *--field=USER_UNIT*) printf '%s\\n' ${units.join(' ')};; *) n=0; for arg in "$@"; do n=$((n+1)); printf '{"__CURSOR":"%s","__REALTIME_TIMESTAMP":"1","_UID":"1000","_SYSTEMD_USER_UNIT":"slot-taskflows-web@2026-11-21T04:00:00Z.service","MESSAGE":"%s"}\\n' $n "$arg"; done;; esac`)
  const asked = async (reading: JournalReading, names: readonly string[] = ['taskflows-web.service', 'slot-taskflows-web@*.service']) => {
    const found: string[] = []
    for await (const batch of createUnitJournal({ uid: 1000, program }).read({ ...reading, source: { kind: 'units', units: { user: names, system: [] } } }, never)) found.push(...batch.map(({ message }) => message))
    return found.filter((argument) => /^(_SYSTEMD_USER|SYSLOG_ID)/.test(argument))
  }
  const source = web
  // What came since is in a stream, and none of what was there when it was asked.
  expect(await asked({ source, follow: true })).toEqual(['_SYSTEMD_USER_UNIT=taskflows-web.service', 'SYSLOG_IDENTIFIER=web'])
  expect(await asked({ source })).toEqual([])
  expect(await asked({ source, follow: true }, ['taskflows-web.service', 'run-taskflows-web@*.service'])).toEqual([])
  const about = { user: ['taskflows-web.service', 'run-taskflows-web@*.service', 'slot-taskflows-web@*.service'], system: ['taskflows-db.service', 'slot-taskflows-db@*.service'] }
  const isOne = matcher(about.user)
  expect(['taskflows-web.service', ...units, 'slot-taskflows-web-2@1.service'].filter(isOne)).toEqual(['taskflows-web.service', units[0], units[1]])
  expect(matchesOf({ kind: 'units', units: { user: [], system: about.system } }, 1000).slice(-3)).toEqual(['+', 'SYSLOG_IDENTIFIER=db', '_TRANSPORT=stdout'])
})

test('what a run wrote whose unit journald does not know is that of the only run that is asked for', () => {
  const source = (...user: string[]) => ({ kind: 'units', units: { user, system: [] } }) as const
  expect(orphansOf(source('run-taskflows-web@1.service'))('web')).toBe('run-taskflows-web@1.service')
  expect(orphansOf(source('run-taskflows-web@1.service'))('db')).toBeUndefined()
  expect(orphansOf(source('taskflows-web.service', 'run-taskflows-web@1.service'))('web')).toBe('taskflows-web.service')
})

test('a cursor takes the place of the times, and following of the last ten', async () => {
  expect((await argumentsOf({ source: web, follow: true, cursor: cursorOf(1), sinceMs: 1500, untilMs: 2500 })).slice(0, 3)).toEqual(['--follow', '--no-tail', `--cursor=${cursorOf(1)}`])
  expect((await argumentsOf({ source: web, follow: true, lines: 7 })).slice(0, 2)).toEqual(['--follow', '--lines=7'])
  expect((await argumentsOf({ source: web, sinceMs: 1500, untilMs: 2500 })).slice(0, 2)).toEqual(['--since=@1', '--until=@3'])
})

test('what systemd says of the units of an account is that of the account', async () => {
  expect(await argumentsOf({ source: { kind: 'about', unit: 'taskflows-web.service', scope: 'user' } })).toEqual(['USER_UNIT=taskflows-web.service', '_UID=1000'])
})

test('of very many units all lines are read, and those of others left out', async () => {
  const units = Array.from({ length: 100 }, (_, at) => `taskflows-many${at}.service`)
  const entries = [['taskflows-many7.service', 1000], ['taskflows-many7.service', 1001], ['taskflows-other.service', 1000]].map(([unit, uid], at) =>
    JSON.stringify({ __CURSOR: cursorOf(at), __REALTIME_TIMESTAMP: '1', _UID: String(uid), _SYSTEMD_USER_UNIT: unit, MESSAGE: `of ${unit} and ${uid}` }))
  const program = journalctl('many', `cat <<'E'\n${entries.join('\n')}\nE`)
  const lines: string[] = []
  for await (const batch of createUnitJournal({ uid: 1000, program }).read({ source: { kind: 'units', units: { user: units, system: [] } } }, never)) lines.push(...batch.map(({ message }) => message))
  expect(lines).toEqual(['of taskflows-many7.service and 1000'])
})

test('no text but a cursor of the journal is taken for one', async () => {
  const journal = createUnitJournal({ uid: 0, program: '/nonexistent/journalctl' })
  await fc.assert(fc.asyncProperty(fc.oneof(fc.string(), fc.constantFrom('--boot', `${cursorOf(1)}\n`, ` ${cursorOf(1)}`, `${cursorOf(1)};x=2`, 's=;i=;b=;m=;t=;x=')), async (text) => {
    await expect(journal.holds(text, never)).rejects.toMatchObject({ code: 'cursor.invalid' })
  }))
  await expect(journal.holds(cursorOf(1), never)).rejects.toMatchObject({ code: 'logs.unavailable', message: expect.stringContaining('no journalctl') })
})

test('a line that is somewhere else by now is still there', async () => {
  const moved = cursorOf(5).replace('a'.repeat(32), 'c'.repeat(32)).replace('i=5', 'i=9')
  const journal = createUnitJournal({ uid: 0, program: journalctl('moved', `echo '{"__CURSOR":"${moved}"}'`) })
  expect(await journal.holds(cursorOf(5), never)).toBe(true)
  expect(await journal.holds(cursorOf(6), never)).toBe(false)
})

test('reading goes on behind the last line when journald changes its files meanwhile', async () => {
  const line = (place: number) => JSON.stringify({ __CURSOR: cursorOf(place), __REALTIME_TIMESTAMP: '1', _SYSTEMD_UNIT: 'taskflows-db.service', MESSAGE: String(place) })
  const program = journalctl('changing', `case "$*" in *--cursor=*) printf '%s\\n' '${line(2)}' '${line(3)}';; *) printf '%s\\n' '${line(1)}' '${line(2)}'; echo 'Failed to iterate through journal: Bad message' >&2; exit 1;; esac`)
  const lines: string[] = []
  for await (const batch of createUnitJournal({ uid: 0, program }).read({ source: web }, never)) lines.push(...batch.map(({ message }) => message))
  expect(lines).toEqual(['1', '2', '3'])
})

test('a refusal says what to do', async () => {
  const journal = createUnitJournal({ uid: 0, program: journalctl('refuses', `echo 'No journal files were opened due to insufficient permissions.' >&2; exit 1`) })
  await expect(journal.last(never)).rejects.toMatchObject({ code: 'logs.unavailable', hint: expect.stringContaining('systemd-journal') })
})
