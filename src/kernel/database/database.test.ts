import { expect, test } from 'vitest'
import { channelName, inSchema, quoteIdentifier } from './database.ts'

const sql = `insert into taskflows.jobs select taskflows.now(), pg_notify('taskflows_ready', ''), 'my taskflows_ready' from other_taskflows.jobs`

test('our own schema leaves a statement as it is', () => {
  expect(inSchema(sql, 'taskflows')).toBe(sql)
})

test('another schema takes the place of ours before a dot and as the prefix of a channel, and nowhere else', () => {
  expect(inSchema(sql, 'acme')).toBe(`insert into "acme".jobs select "acme".now(), pg_notify('acme_ready', ''), 'my taskflows_ready' from other_taskflows.jobs`)
})

test('a name with quotes and dollars is put in as it is', () => {
  expect(inSchema(`select taskflows.now(), pg_notify('taskflows_ready', '')`, `it's "$&" $1`)).toBe(`select "it's ""$&"" $1".now(), pg_notify('it''s "$&" $1_ready', '')`)
  expect(channelName('ready', `it's`)).toBe(`it's_ready`)
  expect(quoteIdentifier('a"b')).toBe('"a""b"')
})
