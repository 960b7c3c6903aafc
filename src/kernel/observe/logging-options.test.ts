import { expect, test } from 'vitest'
import { type LoggingOptions, checkLoggingOptions } from './logging-options.ts'

test.each<[string, unknown, string]>([
  ['no object', 'x', 'the options of logging to be an object, got "x"'],
  ['an unknown option', { appname: 'x' }, 'got `appname`: did you mean `appName`?'],
  ['an empty name', { appName: '' }, '`appName` to be a text that is not empty, got ""'],
  ['another level', { level: 'loud' }, '`level` to be one of debug, info, warn, error, critical, silent, got "loud"'],
  ['a number of characters that is none', { maxStringLength: -1 }, '`maxStringLength` to be a whole number from 1, got -1'],
  ['a label that is an object', { extraLabels: { team: {} } }, '`extraLabels` to be an object of texts, numbers and booleans, got an object'],
  ['a label of each line', { extraLabels: { event: 'x' } }, '`extraLabels` without `event`'],
  ['redaction of no list', { redact: 'ssn' }, '`redact` to be a list of names, got "ssn"'],
  ['a destination without write', { destination: {} }, '`destination` to be an object with a function `write`'],
  ['an unknown option of Loki', { loki: { uri: 'http://x' } }, 'got `loki.uri`: did you mean `loki.url`?'],
  ['a password that is a number', { loki: { password: 123456 } }, '`loki.password` to be a text that is not empty, got another value'],
])('%s is refused', (_, options, message) => {
  expect(() => checkLoggingOptions(options as LoggingOptions)).toThrow(message)
  expect(() => checkLoggingOptions(options as LoggingOptions)).toThrow(TypeError)
})

test('levels have other words, in any case', () => {
  for (const level of ['DEBUG', 'warning', 'Fatal', 'critical', 'silent', 'off']) expect(() => checkLoggingOptions({ level })).not.toThrow()
})
