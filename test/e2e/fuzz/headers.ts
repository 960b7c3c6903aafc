/** Headers at random: those that the server reads, those that Node does, and those that nobody wants. */
import fc from 'fast-check'
import { often, one, oneIn, oneOf } from './odds.ts'
import { pooled } from './pool.ts'
import type { Header } from './request.ts'

const long = 'x'.repeat(20_000)
const words = (...some: readonly string[]) => oneOf(...some, '', 'x'.repeat(300), '\u00e9', '"', '\\', 'null')
const cursors = fc.nat(1_000).map((number) => pooled(number % 2 === 0 ? 'cursor' : 'forged', number))

const hosts = oneOf(undefined, '', 'localhost:7777', 'evil.example', 'a b', '[::1', '127.0.0.1:99999999')
const contentTypes = oneOf(
  undefined, '', 'application/json; charset=utf-8', 'application/json; charset=utf-16', 'APPLICATION/JSON', 'application/json;',
  'application/json, text/plain', 'text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x',
  'application/problem+json', 'application/jsonp', '/', 'x', `application/json; x=${'y'.repeat(5_000)}`, 'application/json\u00e9',
)
const idempotencyKeys = fc.oneof(fc.nat(300).map((number) => `key-${number}`), words('"quoted"', '"open', '"a\\"b"', 'a, b', ' key '), one('x'.repeat(255)))
const versions = fc.oneof(
  fc.nat(1_000).map((number) => `"${pooled('version', number)}"`),
  words('*', '""', 'W/"x"', '"a", "b"', '"a"x', ',,,', '"a",,"b"', `${'"a",'.repeat(3_000)}"b"`, ' '.repeat(9_000)),
)
const traces = words(
  '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', '00-00000000000000000000000000000000-b7ad6b7169203331-01',
  'ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
)

const once: fc.Arbitrary<readonly Header[]> = fc.tuple(
  usually('Host', '127.0.0.1', hosts),
  usually('Content-Type', 'application/json', contentTypes),
  some(15, 'Idempotency-Key', idempotencyKeys),
  some(8, 'If-Match', versions),
  some(4, 'Accept', words('text/event-stream', 'text/event-stream', 'text/event-stream', '*/*', 'text/html', 'text/event-stream;q=0', 'text/event-stream;q=0.5, */*', ',,,;', ';;;')),
  some(20, 'Last-Event-ID', fc.oneof(cursors, words('1', '0', '-1', 'W10', 'WyJ4Il0', '\t'))),
  some(20, 'X-Correlation-Id', words('order-1', 'a b', 'x'.repeat(128), 'x'.repeat(129), '<script>')),
  some(20, 'traceparent', traces),
  some(40, 'Expect', words('100-continue', '100-Continue', '200-ok')),
  some(40, 'Range', words('bytes=0-1', 'bytes=-1', 'items=0-9')),
  some(40, 'Connection', words('close', 'keep-alive', 'Upgrade', 'keep-alive, Authorization')),
  some(60, 'Upgrade', words('websocket', 'h2c')),
  some(60, 'Origin', words('http://evil.example', 'null')),
  some(60, 'X-Forwarded-For', words('203.0.113.7', '127.0.0.1')),
  some(60, 'X-HTTP-Method-Override', words('DELETE')),
  some(60, 'Accept-Version', words('1.0.0', '*', '>x')),
  some(60, 'If-None-Match', words('*', '"x"')),
  some(80, 'Cookie', words('a=b', long)),
  some(80, 'X-Long', oneOf(long, 'x'.repeat(7_000))),
  some(80, 'Transfer-Encoding', words('gzip', 'chunked, chunked', 'identity', 'xchunked')),
  some(80, 'Bad Name', words('x')),
  some(80, '', words('x')),
  some(80, 'X-Folded', words('a\r\n b', 'a\nb', 'a\rb', 'a\u0000b')),
  oneIn(80, oneOf(1, 50, 3_000)).map((count) => Array.from({ length: count ?? 0 }, (_, at): Header => [`X-${at}`, '1'])),
).map((lists) => lists.flat())

/** All of them, now and then each twice. */
export const headers: fc.Arbitrary<readonly Header[]> = fc.tuple(once, oneIn(60, one('twice'))).map(([all, twice]) => (twice === undefined ? all : [...all, ...all]))

function usually(name: string, value: string, others: fc.Arbitrary<string | undefined>): fc.Arbitrary<Header[]> {
  return often<string | undefined>(one(value), others).map((given) => (given === undefined ? [] : [[name, given]]))
}

/** One request in so many has it. */
function some(times: number, name: string, value: fc.Arbitrary<string>): fc.Arbitrary<Header[]> {
  return oneIn(times, value).map((given) => (given === undefined ? [] : [[name, given]]))
}
