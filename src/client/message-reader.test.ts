import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createMessageReader } from './message-reader.ts'

const text = 'retry: 1000\n: here\nid: c0\n\nid: c1\nevent: job.added\ndata: {"a":1}\n\ndata: {"b":\ndata: 2}\n\n: here\nid: c2\n\n'

test('messages come out whole wherever the text was cut', () => {
  fc.assert(fc.property(fc.array(fc.nat(text.length)), (cuts) => {
    const read = createMessageReader()
    const places = [0, ...cuts.toSorted((a, b) => a - b), text.length]
    const messages = places.slice(1).flatMap((place, at) => read(text.slice(places[at], place)))
    expect(messages).toEqual([{ id: 'c0', data: '' }, { id: 'c1', data: '{"a":1}' }, { id: 'c1', data: '{"b":\n2}' }, { id: 'c2', data: '' }])
  }))
})

test('a message that is not complete is kept back', () => {
  expect(createMessageReader()('id: c1\ndata: {}\n')).toEqual([])
})

test('the end of a stream is no item', () => {
  expect(createMessageReader()('id: c1\ndata: {}\n\nevent: end\nid: c2\ndata:\n\n')).toEqual([{ id: 'c1', data: '{}' }, { id: 'c2', data: '', last: true }])
})
