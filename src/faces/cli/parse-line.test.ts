import { expect, test } from 'vitest'
import type { Command } from './command.ts'
import { globalFlags } from './global-flags.ts'
import { type ParsedLine, parseLine } from './parse-line.ts'

const text = { kind: 'text', describe: '' } as const
const command = (words: string, args: Command['args'] = [], flags: Command['flags'] = []): Command => ({ words, summary: '', args, flags, examples: [] })
const commands = [
  command('jobs add', [{ ...text, key: 'name' }], [
    { ...text, key: 'queue', name: 'queue' },
    { ...text, key: 'priority', name: 'priority', kind: 'whole' },
    { ...text, key: 'payload', name: 'payload', kind: 'json' },
    { ...text, key: 'after', name: 'after', many: true },
    { key: 'wait', name: 'wait', kind: 'switch', describe: '' },
  ]),
  command('jobs show', [{ ...text, key: 'id', many: true }]),
  command('events', [], [{ ...text, key: 'type', name: 'type' }]),
  command('api security setup', [], [{ key: 'regenerate', name: 'regenerate-secret', short: 'r', kind: 'switch', describe: '' }]),
]

const parse = (...argv: string[]): ParsedLine<Command> => parseLine(argv, commands, globalFlags)
const given = (...argv: string[]) => Object.fromEntries(parse(...argv).given)
const globals = (...argv: string[]) => Object.fromEntries(parse(...argv).globals)

test('the longest words that name a command win', () => {
  expect(parse('jobs', 'add', 'resize').words).toBe('jobs add')
  expect(parse('api', 'security', 'setup').command?.words).toBe('api security setup')
})

test('words that only begin commands name none', () => {
  expect(parse('jobs')).toMatchObject({ words: 'jobs', command: undefined })
  expect(parse()).toMatchObject({ words: '', command: undefined })
})

test('flags take their value from the next word or after an equals sign', () => {
  expect(given('jobs', 'add', 'resize', '--queue', 'slow')).toEqual({ name: ['resize'], queue: ['slow'] })
  expect(given('jobs', 'add', '--queue=a=b', 'resize')).toEqual({ name: ['resize'], queue: ['a=b'] })
})

test('a value may be a negative number, a lone dash or start with a dash', () => {
  expect(given('jobs', 'add', 'x', '--priority', '-5', '--payload', '-')).toMatchObject({ priority: ['-5'], payload: ['-'] })
  expect(given('jobs', 'add', 'x', '--queue', '--odd')).toMatchObject({ queue: ['--odd'] })
})

test('a flag of many values takes all up to the next flag, and may come again', () => {
  expect(given('jobs', 'add', 'x', '--after', 'a', 'b', '--wait', '--after=c')).toEqual({ name: ['x'], after: ['a', 'b', 'c'], wait: [] })
})

test('the last of two single values counts', () => {
  expect(given('jobs', 'add', 'x', '--queue', 'a', '--queue', 'b')).toMatchObject({ queue: ['b'] })
})

test('flags of every command may stand before, between and after the words', () => {
  for (const argv of [['-o', 'json', 'jobs', 'show', 'a'], ['jobs', '--output=json', 'show', 'a'], ['jobs', 'show', 'a', '-ojson']]) {
    expect(globals(...argv)).toEqual({ output: ['json'] })
    expect(given(...argv)).toEqual({ id: ['a'] })
  }
})

test('short switches may be joined', () => {
  expect(parse('api', 'security', 'setup', '-rqy')).toMatchObject({ given: new Map([['regenerate', []]]), globals: new Map([['quiet', []], ['yes', []]]) })
})

test('after two dashes nothing is a flag', () => {
  expect(given('jobs', 'show', '--', '--wait', '-x')).toEqual({ id: ['--wait', '-x'] })
})

test('help asks for no arguments', () => {
  expect(globals('jobs', 'add', '--help')).toEqual({ help: [] })
  expect(parse('help', 'jobs', 'add')).toMatchObject({ words: 'jobs add', globals: new Map([['help', []]]) })
})

test.each([
  ['an unknown command', ['jbos', 'add'], '"jbos" is no command of tf', undefined],
  ['a mistyped second word', ['jobs', 'ad'], '"jobs ad" is no command of tf', 'Did you mean tf jobs add?'],
  ['an unknown flag', ['jobs', 'add', 'x', '--prioriti', '1'], 'tf jobs add has no flag "--prioriti"', 'Did you mean --priority?'],
  ['an unknown flag before the words', ['--colour', 'jobs'], 'tf has no flag "--colour"', undefined],
  ['an unknown short flag', ['events', '-x'], 'tf events has no flag "-x"', undefined],
  ['a missing argument', ['jobs', 'add'], 'tf jobs add: NAME is missing', 'Usage: tf jobs add NAME (more: tf jobs add --help)'],
  ['a missing argument of many', ['jobs', 'show'], 'tf jobs show: ID... is missing', undefined],
  ['one argument too many', ['jobs', 'add', 'x', 'y'], 'tf jobs add: unexpected "y"', undefined],
  ['a flag without its value', ['jobs', 'add', 'x', '--queue'], '--queue needs a value: --queue <value>', undefined],
  ['a flag where a value belongs', ['jobs', 'add', 'x', '--queue', '--wait'], '--queue needs a value: --queue <value>', undefined],
  ['a switch with a value', ['jobs', 'add', 'x', '--wait=no'], '--wait takes no value, got "no"', undefined],
])('%s is refused by name', (_case, argv, message, hint) => {
  expect(() => parse(...argv)).toThrow(expect.objectContaining({ code: 'cli.usage', message, ...(hint && { hint }) }))
})
