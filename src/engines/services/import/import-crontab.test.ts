import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { nextRuns, parseCalendar } from '../../../kernel/schedule/index.ts'
import { importCronLine } from './import-cron-line.ts'
import { readCrontab } from './import-crontab.ts'
import { nameOfCommand, uniqueName } from './import-names.ts'
import { problemOfName } from '../define/service-name.ts'

const read = (text: string, system = false) => readCrontab(text, { system })
const optionsOf = (text: string, system = false) => read(text, system).entries.map((entry) => importCronLine('x', entry, { scope: system ? 'system' : 'user', home: '/home/ann' }).options)

describe('an entry', () => {
  test.each<[string, readonly string[]]>([
    ['*/5 * * * * a', ['*-*-* *:00/5:00']],
    ['0 3 * * * a', ['*-*-* 03:00:00']],
    ['-0 3 * * * a', ['*-*-* 03:00:00']],
    ['0 9 * * 1-5 a', ['Mon..Fri *-*-* 09:00:00']],
    ['0 0 13 * 5 a', ['*-*-13 00:00:00', 'Fri *-*-* 00:00:00']],
    ['@daily a', ['*-*-* 00:00:00']],
    ['@reboot a', []],
    ['CRON_TZ=Europe/Berlin\n0 3 * * * a', ['*-*-* 03:00:00 Europe/Berlin']],
  ])('%s', (text, calendars) => {
    expect(read(text).entries).toMatchObject([{ calendars, command: 'a' }])
  })

  test.each<[string, RegExp]>([
    ['0 3 * * *', /expected five fields/], ['60 3 * * * a', /minute "60"/], ['@often a', /expected five fields/], ['0 3 * * * date +%F', /standard input/], ['a', /expected five fields/], ['0~30 * * * * a', /none that systemd knows/],
  ])('%s is refused', (text, reason) => {
    expect(read(text)).toEqual({ entries: [], refused: [{ line: 1, reason: expect.stringMatching(reason) }] })
  })

  test('of the system format has a user', () => {
    expect(read('17 * * * * root cd / && run-parts /etc/cron.hourly', true).entries).toMatchObject([{ user: 'root', command: 'cd / && run-parts /etc/cron.hourly' }])
    expect(read('17 * * * * root', true).refused).toMatchObject([{ reason: 'expected a user and a command' }])
  })

  test('has the comment right above it, and not a line that was switched off', () => {
    const text = '# header\n\n# Nightly\n# backup\n0 3 * * * a\n#0 4 * * * old\n0 5 * * * b\n'
    expect(read(text).entries.map(({ comment }) => comment)).toEqual(['Nightly backup', undefined])
  })

  test('has the variables of the lines above it', () => {
    const text = 'A = " b c "\n"D"=e\n0 1 * * * x\nA=\n0 2 * * * y=z w'
    expect(read(text).entries.map(({ variables, command }) => ({ variables, command }))).toEqual([{ variables: { A: ' b c ', D: 'e' }, command: 'x' }, { variables: { D: 'e', A: '' }, command: 'y=z w' }])
  })
})

describe('runs as under cron', () => {
  test.each<[string, readonly string[]]>([
    ['/usr/bin/backup --all "a b"', ['/usr/bin/backup', '--all', 'a b']],
    ['backup.sh', ['backup.sh']],
    ['date +\\%F', ['date', '+%F']],
    ['cd /srv', ['/bin/sh', '-c', 'cd /srv']],
    ['A=b backup', ['/bin/sh', '-c', 'A=b backup']],
    ['echo $HOME', ['/bin/sh', '-c', 'echo $HOME']],
    ['ls *.txt', ['/bin/sh', '-c', 'ls *.txt']],
    ['a > /dev/null 2>&1', ['/bin/sh', '-c', 'a > /dev/null 2>&1']],
    ["echo 'not closed", ['/bin/sh', '-c', "echo 'not closed"]],
  ])('%s', (command, startCommand) => {
    expect(optionsOf(`0 0 * * * ${command}`)).toMatchObject([{ startCommand, type: 'oneshot', workingDirectory: '/home/ann', env: { PATH: '/usr/bin:/bin' } }])
  })

  test('with the shell, the PATH, the home and the zone that the crontab sets', () => {
    expect(optionsOf('SHELL=/usr/bin/fish\nPATH=/opt/bin\nHOME=/srv\nTZ=UTC\nMAILTO=a@b\nRANDOM_DELAY=5\n@daily a')).toEqual([{
      name: 'x', scope: 'user', type: 'oneshot', startCommand: ['/usr/bin/fish', '-c', 'a'], startSchedule: [{ schedule: '*-*-* 00:00:00', persistent: false, randomizedDelay: 300 }],
      workingDirectory: '/srv', env: { PATH: '/opt/bin', SHELL: '/usr/bin/fish', TZ: 'UTC' },
    }])
  })

  test('at boot without a schedule', () => {
    const [options] = optionsOf('@reboot root a', true)
    expect(options).toMatchObject({ enabled: true, user: 'root', scope: 'system' })
    expect(options).not.toHaveProperty('startSchedule')
  })
})

/** crontab(5), minute by minute on the days that count: the oracle is written from the manual, and knows numbers, ranges, steps and stars. */
function cronRuns(fields: readonly string[], days: readonly Date[], count: number): number[] {
  const has = (field: string, value: number, first: number, last: number): boolean => field.split(',').some((part) => {
    const [range = '', step = '1'] = part.split('/')
    const [from, to = from] = range === '*' ? [first, last] : range.split('-').map(Number)
    return value >= from! && value <= to! && (value - from!) % Number(step) === 0
  })
  const [minute, hour, day, month, weekday] = fields as [string, string, string, string, string]
  const fallsOn = (at: Date): boolean => {
    const onDay = has(day, at.getUTCDate(), 1, 31)
    const onWeekday = has(weekday, at.getUTCDay(), 0, 7) || (at.getUTCDay() === 0 && has(weekday, 7, 0, 7))
    return has(month, at.getUTCMonth() + 1, 1, 12) && (day.startsWith('*') || weekday.startsWith('*') ? onDay && onWeekday : onDay || onWeekday)
  }
  const times = Array.from({ length: 1_440 }, (_, at) => at).filter((at) => has(hour, Math.floor(at / 60), 0, 23) && has(minute, at % 60, 0, 59))
  const runs: number[] = []
  for (let at = 0; runs.length < count && at < days.length; at += 1) if (fallsOn(days[at]!)) runs.push(...times.map((time) => days[at]!.getTime() + time * 60_000))
  return runs.slice(0, count)
}

test('the next 50 runs of a line are those of cron', () => {
  // A date may come in one month of few years, on a weekday alone.
  const days = Array.from({ length: 60 * 366 }, (_, at) => new Date(Date.UTC(2030, 0, 1 + at)))
  const field = (first: number, last: number) => fc.oneof(
    { weight: 3, arbitrary: fc.constant('*') }, fc.integer({ min: first, max: last }).map(String), fc.integer({ min: 2, max: 15 }).map((step) => `*/${step}`),
    fc.tuple(fc.integer({ min: first, max: last }), fc.integer({ min: first, max: last }), fc.integer({ min: 1, max: 4 })).map(([a, b, step]) => `${Math.min(a, b)}-${Math.max(a, b)}${step === 1 ? '' : `/${step}`}`),
    fc.uniqueArray(fc.integer({ min: first, max: last }), { minLength: 2, maxLength: 3 }).map((values) => values.join(',')),
  )
  fc.assert(fc.property(field(0, 59), field(0, 23), field(1, 28), fc.oneof(fc.constant('*'), fc.integer({ min: 1, max: 12 }).map((month) => `${month}`)), field(0, 7), (...fields) => {
    const [entry] = read(`${fields.join(' ')} a`).entries
    const runs = new Set(entry!.calendars.flatMap((calendar) => nextRuns(parseCalendar(`${calendar} UTC`), 50, { from: days[0]!.getTime() - 60_000 })))
    const known = [...runs].filter((at) => at < days.at(-1)!.getTime())
    expect(known.sort((a, b) => a - b).slice(0, 50)).toEqual(cronRuns(fields, days.slice(0, -1), 50))
  }), { numRuns: 100 })
}, 60_000)

describe('names', () => {
  test.each([
    ['/usr/local/bin/backup.sh --all', 'backup'], ['cd /srv/app && npm run report', 'npm-run-report'], ['nice -n 10 /opt/x/clean-up.py', 'clean-up'], ['python3 /srv/report.py', 'report'],
    ['sudo -u www-data php artisan', 'artisan'], ['test -x /bin/a && /bin/a', 'a'], ['FOO=1 ./run.rb', 'run'], ['$X', 'job'], ['', 'job'],
  ])('%s is %s', (command, name) => {
    expect(nameOfCommand(command)).toBe(name)
  })

  test('are valid and unique, whatever the command', () => {
    const taken = new Set(['a'])
    expect(uniqueName('a', taken)).toBe('a-2')
    expect(uniqueName('system', taken)).toBe('system-2')
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 80 }), (command) => problemOfName(uniqueName(nameOfCommand(command), taken)) === undefined), { numRuns: 5_000 })
  })
})
