import { expect, test } from 'vitest'
import { FakeClock } from '../../testing/fake-clock.ts'
import { alertCounts } from './alert-counts.ts'
import { Text } from './components.ts'
import { type DeliveryState, emptyDeliveryState } from './delivery-state.ts'
import { type DeliveryOptions, Destination } from './destination.ts'
import { Dispatcher } from './dispatcher.ts'
import { mostWaiting } from './lane.ts'
import { type AlertChannel, type AlertMessage, AlertNotSent } from './message.ts'

const minute = 60_000

class Place extends Destination {
  readonly kind: string
  readonly name: string
  readonly sent: AlertMessage[] = []
  /** What the next sends do instead. */
  readonly failures: (AlertNotSent | Error | 'never')[] = []
  signal: AbortSignal | undefined

  constructor(options: DeliveryOptions = {}, name = 'place') {
    super(options)
    this.name = name
    this.kind = `kind of ${name}`
  }

  open(): AlertChannel {
    return {
      name: this.name,
      send: (message, signal) => {
        this.signal = signal
        const failure = this.failures.shift()
        if (failure === 'never') return new Promise(() => {})
        if (failure) return Promise.reject(failure)
        this.sent.push(message)
        return Promise.resolve()
      },
    }
  }

  get subjects(): string[] {
    return this.sent.map(({ subject }) => subject)
  }
}

function setUp() {
  const clock = new FakeClock()
  const logged: object[] = []
  const states = new Map<string, DeliveryState>()
  const dispatcher = new Dispatcher({
    clock,
    random: () => 0.5,
    log: { debug: () => {}, info: () => {}, warn: () => {}, error: (fields) => logged.push(fields) },
    memory: { load: async (address) => structuredClone(states.get(address)), save: async (address, state) => void states.set(address, structuredClone(state)) },
    open: async (destination) => destination.open({} as never),
  })
  return { clock, logged, dispatcher, states }
}

const message = (subject: string, more: Partial<AlertMessage> = {}): AlertMessage => ({ subject, severity: 'info', content: [], ...more })
const later = (retryAfterMs?: number) => new AlertNotSent('place: not now', { retryable: true, ...(retryAfterMs !== undefined && { retryAfterMs }) })
const never = () => new AlertNotSent('place: wrong password', { retryable: false })
const textsOf = ({ content }: AlertMessage) => content.filter((component) => component instanceof Text).map(({ text }) => text)

function countOf(place: Place, outcome: string): number {
  return alertCounts().find((each) => each.channel === place.kind && each.outcome === outcome)?.count ?? 0
}

test('messages arrive in order, one at a time, also at places with the same address', async () => {
  const { dispatcher } = setUp()
  const [one, same] = [new Place(), new Place()]
  const order: string[] = []
  one.sent.push = (...sent) => order.push(...sent.map(({ subject }) => subject))
  same.sent.push = one.sent.push
  for (let n = 0; n < 6; n += 1) dispatcher.send(n % 2 === 0 ? one : same, message(String(n)))
  await dispatcher.drain()
  expect(order).toEqual(['0', '1', '2', '3', '4', '5'])
})

test('what may work later is tried again after a growing pause, or as long as the place asks', async () => {
  const { dispatcher, clock } = setUp()
  const place = new Place({}, 'retried')
  place.failures.push(later(), later(), later(20_000))
  const delivered = dispatcher.deliver(place, message('a'))
  await clock.advance(749)
  expect(place.failures.length).toBe(2)
  await clock.advance(1 + 1500)
  expect(place.failures.length).toBe(0)
  await clock.advance(19_999)
  expect(place.sent.length).toBe(0)
  await clock.advance(1)
  await delivered
  expect(countOf(place, 'sent')).toBe(1)
})

test('what cannot work is tried once, and what does not work five times', async () => {
  const { dispatcher, clock } = setUp()
  const place = new Place({}, 'failing')
  place.failures.push(never(), ...Array.from({ length: 9 }, () => later()))
  await expect(dispatcher.deliver(place, message('a'))).rejects.toThrow('wrong password')
  const second = expect(dispatcher.deliver(place, message('b'))).rejects.toThrow('not now')
  await clock.advance(10 * minute)
  await second
  expect(place.failures.length).toBe(4)
  expect(countOf(place, 'failed')).toBe(2)
})

test('a place that asks to be left alone for more than five minutes loses the message', async () => {
  const { dispatcher } = setUp()
  const place = new Place()
  place.failures.push(later(6 * minute))
  await expect(dispatcher.deliver(place, message('a'))).rejects.toThrow('not now')
})

test('a channel that never ends is given up after a minute, and told so', async () => {
  const { dispatcher, clock } = setUp()
  const place = new Place()
  place.failures.push('never')
  const failed = expect(dispatcher.deliver(place, message('a'), 1)).rejects.toThrow('place did not take the message within 60 s')
  await clock.advance(minute)
  await failed
  expect(place.signal?.aborted).toBe(true)
})

test('a trouble is logged once per place until something arrives there, and sending never throws', async () => {
  const { dispatcher, logged } = setUp()
  const [one, other] = [new Place({}, 'one'), new Place({}, 'other')]
  for (const place of [one, one, other]) {
    place.failures.push(never())
    dispatcher.send(place, message('a'))
    await dispatcher.drain()
  }
  expect(logged).toEqual([{ destination: 'one', error_message: 'place: wrong password' }, { destination: 'other', error_message: 'place: wrong password' }])
  dispatcher.send(one, message('works'))
  await dispatcher.drain()
  one.failures.push(never())
  dispatcher.send(one, message('again'))
  await dispatcher.drain()
  expect(logged.length).toBe(3)
})

test('the queue is bounded: the oldest that wait are dropped and counted', async () => {
  const { dispatcher, clock, logged } = setUp()
  const place = new Place({}, 'slow')
  place.failures.push('never')
  for (let n = 0; n < mostWaiting + 11; n += 1) dispatcher.send(place, message(String(n)))
  expect(dispatcher.waiting).toBe(mostWaiting + 1)
  await clock.advance(2 * minute)
  await dispatcher.drain()
  expect(place.subjects[0]).toBe('0')
  expect(place.subjects[1]).toBe('11')
  expect(place.sent.length).toBe(mostWaiting + 1)
  expect(countOf(place, 'dropped')).toBe(10)
  expect(logged.length).toBe(1)
})

test('with dedupeFor the same news arrives once in that time, and then says how often it came', async () => {
  const { dispatcher, clock } = setUp()
  const place = new Place({ dedupeFor: '10m' }, 'deduplicated')
  const send = (subject: string, key?: string) => dispatcher.deliver(place, message(subject, key === undefined ? {} : { key }))
  await send('91 % full', 'disk')
  await send('92 % full', 'disk')
  await send('other')
  await clock.advance(10 * minute - 1)
  await send('93 % full', 'disk')
  await clock.advance(1)
  await send('94 % full', 'disk')
  expect(place.subjects).toEqual(['91 % full', 'other', '94 % full'])
  expect(textsOf(place.sent[2]!)).toEqual(['The same came 2 times more since 2030-01-01 00:00:00 UTC.'])
  expect(place.sent[2]!.data).toEqual({ repeated: 2 })
  expect(countOf(place, 'deduplicated')).toBe(2)
})

test('news that could not be sent does not keep the same news away', async () => {
  const { dispatcher } = setUp()
  const place = new Place({ dedupeFor: '10m' })
  place.failures.push(never())
  await expect(dispatcher.deliver(place, message('a'))).rejects.toThrow()
  await dispatcher.deliver(place, message('a'))
  expect(place.subjects).toEqual(['a'])
})

test('with recovery a success arrives only when it ends a trouble', async () => {
  const { dispatcher, clock } = setUp()
  const place = new Place({ recovery: true, dedupeFor: '1d' })
  const ended = (severity: 'success' | 'error') => dispatcher.deliver(place, message(`import ${severity}`, { severity, topic: 'import', key: `import ${severity}` }))
  await ended('success')
  await ended('error')
  await clock.advance(90_000)
  await ended('error')
  await ended('success')
  await ended('success')
  await ended('error')
  expect(place.subjects).toEqual(['import error', 'Recovered: import success', 'import error'])
  expect(textsOf(place.sent[1]!)).toEqual(['It had been failing since 2030-01-01 00:00:00 UTC (1 min 30 s).'])
})

test('what a place was told is remembered by the next process', async () => {
  const first = setUp()
  const place = new Place({ recovery: true })
  await first.dispatcher.deliver(place, message('failed', { severity: 'error', topic: 'import' }))
  const second = setUp()
  second.states.set(place.address, first.states.get(place.address) ?? emptyDeliveryState())
  await second.dispatcher.deliver(place, message('worked', { severity: 'success', topic: 'import' }))
  expect(place.subjects).toEqual(['failed', 'Recovered: worked'])
})

test('with a rate limit what is too much is summed up in the next message', async () => {
  const { dispatcher, clock } = setUp()
  const place = new Place({ rateLimit: { count: 2, per: '1m' } }, 'limited')
  for (const subject of ['a', 'b', 'c', 'c', 'd']) await dispatcher.deliver(place, message(subject))
  await clock.advance(minute)
  await dispatcher.deliver(place, message('e'))
  await dispatcher.deliver(place, message('f'))
  expect(place.subjects).toEqual(['a', 'b', 'e', 'f'])
  expect(textsOf(place.sent[2]!)).toEqual(['The rate limit held back 3 messages: c (2 times), d (once).'])
  expect(place.sent[3]!.content).toEqual([])
  expect(countOf(place, 'held_back')).toBe(3)
})

test('with digestEvery one message arrives per period, with everything in it', async () => {
  const { dispatcher, clock } = setUp()
  const place = new Place({ digestEvery: '5m' })
  await dispatcher.deliver(place, message('a', { content: [new Text('first')] }))
  await dispatcher.deliver(place, message('b', { severity: 'warning' }))
  await dispatcher.deliver(place, message('b', { severity: 'warning' }))
  await clock.advance(5 * minute - 1)
  expect(place.sent).toEqual([])
  await clock.advance(1)
  expect(place.subjects).toEqual(['3 messages: a and others'])
  expect(place.sent[0]!.severity).toBe('warning')
  expect(JSON.stringify(place.sent[0]!.content)).toMatch(/first.*b \(2 times\)/)
  await dispatcher.deliver(place, message('alone'))
  await clock.advance(5 * minute)
  expect(place.subjects[1]).toBe('alone')
})

test('draining sends a digest at once, and a digest that fails is logged', async () => {
  const { dispatcher, logged } = setUp()
  const place = new Place({ digestEvery: '5h' })
  place.failures.push(never())
  dispatcher.send(place, message('a'))
  dispatcher.send(place, message('b'))
  await dispatcher.drain()
  expect(dispatcher.waiting).toBe(0)
  expect(logged).toEqual([{ destination: 'place', error_message: 'place: wrong password' }])
})

test('giving up ends what is being sent, what waits for another try, and what is queued', async () => {
  const { dispatcher } = setUp()
  const [hanging, waiting] = [new Place({}, 'hanging'), new Place({}, 'waiting')]
  hanging.failures.push('never')
  waiting.failures.push(later())
  const fates = [dispatcher.deliver(hanging, message('a')), dispatcher.deliver(waiting, message('b')), dispatcher.deliver(waiting, message('c'))].map((fate) => fate.catch((error: Error) => error.message))
  await new Promise((resolve) => setImmediate(resolve))
  dispatcher.giveUp()
  expect(hanging.signal?.aborted).toBe(true)
  expect(await Promise.all(fates.slice(1))).toEqual(['place: not now', 'waiting: the process ended before it was sent'])
  expect(waiting.sent).toEqual([])
})

test('a destination that cannot be opened fails as one that refuses', async () => {
  const { dispatcher, logged } = setUp()
  class Broken extends Place {
    override open(): AlertChannel { throw new Error('no such thing') }
  }
  dispatcher.send(new Broken(), message('a'))
  await dispatcher.drain()
  expect(logged).toEqual([{ destination: 'place', error_message: 'place: no such thing' }])
})

test.each([
  [{ dedupeFor: -1 }, /`dedupeFor`.*got -1/], [{ dedupeFor: 0 }, /`dedupeFor` to be longer than nothing/], [{ digestEvery: 'soon' }, /`digestEvery`.*"soon"/], [{ digestEvery: null }, /`digestEvery`.*null/],
  [{ recovery: 'yes' }, /`recovery` to be true or false, got "yes"/], [{ rateLimit: 3 }, /`rateLimit`.*got 3/], [{ rateLimit: { count: 0, per: 1 } }, /`rateLimit`/], [{ rateLimit: { count: 1 } }, /`rateLimit`/],
])('%j is refused, naming the option', (options, expected) => {
  expect(() => new Place(options as DeliveryOptions)).toThrow(expected)
})
