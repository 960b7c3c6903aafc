import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Format } from '../global-flags.ts'
import { hostOutput, printByHost } from './host-outputs.ts'
import { type Listing, createOutput } from './output.ts'
import type { Talk } from './talk.ts'

interface Item { readonly name: string; readonly scope?: string; readonly hostname?: string }

const plain = (_style: string, text: string) => text
const listing = (more: Partial<Listing<Item>> = {}): Listing<Item> => ({ name: ({ name }) => name, empty: 'There are none.', columns: [{ header: 'SERVICE', value: ({ name }) => name }], ...more })

let printed: string
const notes: string[] = []
const talk: Talk = { paint: plain, note: (text) => void notes.push(text), warn: () => {}, progress: () => {} }
beforeEach(() => {
  printed = ''
  notes.length = 0
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => ((printed += String(text)), true))
})
afterEach(() => vi.restoreAllMocks())

async function print(format: Format, ...hosts: readonly (readonly [string, (output: ReturnType<typeof hostOutput>) => Promise<void>])[]): Promise<string> {
  const outputs = hosts.map(([name]) => hostOutput(name, format, plain))
  await Promise.all(hosts.map(([, say], at) => say(outputs[at]!)))
  await printByHost(outputs, createOutput({ format, noColor: true, talk, several: true }), talk)
  return printed
}

test('rows stand in one table, by host, each as its own listing shows it', async () => {
  const scoped = listing({ columns: [{ header: 'SERVICE', value: ({ name }) => name }, { header: 'SCOPE', value: ({ scope }) => scope ?? null }], moreColumns: [{ header: 'HOST', value: () => 'host-b' }] })
  expect(await print('wide', ['a', (out) => out.page({ items: [{ name: 'web' }] }, listing())], ['b', (out) => out.page({ items: [{ name: 'db', scope: 'user' }] }, scoped)])).toBe('HOST  SERVICE  SCOPE  HOSTNAME\na     web      -      -\nb     db       user   host-b\n')
})

test('programs get one list, in which each item says of which server and which host it is', async () => {
  const page = { items: [{ name: 'web' }], hostname: 'host-a' }
  expect(JSON.parse(await print('json', ['a', (out) => out.page(page, listing())], ['b', (out) => out.item({ name: 'db', hostname: 'host-b' }, { name: 'db', text: () => '' })]))).toEqual({
    items: [{ server: 'a', hostname: 'host-a', name: 'web' }, { server: 'b', name: 'db', hostname: 'host-b' }], next_cursor: null,
  })
})

test('a line per item, or its name', async () => {
  const say = (out: ReturnType<typeof hostOutput>) => out.page({ items: [{ name: 'web' }] }, listing())
  expect(await print('jsonl', ['a', say], ['b', say])).toBe('{"server":"a","name":"web"}\n{"server":"b","name":"web"}\n')
  printed = ''
  expect(await print('name', ['a', say], ['b', say])).toBe('web\nweb\n')
})

test('what is no table stands below the name of its server', async () => {
  const texts = listing({ columns: [], text: ({ name }) => `= ${name}` })
  expect(await print('table', ['a', (out) => out.page({ items: [{ name: 'x' }, { name: 'y' }] }, texts)], ['b', async (out) => {
    await out.item({}, { name: '', text: () => 'one' })
    await out.item({}, { name: '', text: async () => 'two' })
  }])).toBe('a:\n= x\n\n= y\n\nb:\none\ntwo\n')
})

test('a server that has nothing, and one that has more, are named', async () => {
  await print('table', ['a', (out) => out.page({ items: [] }, listing())], ['b', (out) => out.page({ items: [{ name: 'web' }], next_cursor: 'c1' }, listing())])
  expect(printed).toBe('HOST  SERVICE\nb     web\n')
  expect(notes).toEqual(['a: There are none.', 'b has more: repeat with --server b --cursor c1'])
})
