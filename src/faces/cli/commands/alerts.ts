/** `tf alerts test DEST`: sends a sample, to see that credentials, channels and addresses are right. */
import { hostname } from 'node:os'
import {
  type AlertContent, Callout, CodeBlock, type Destination, Discord, Email, KeyValues, List, Slack, Table, Text, Timeline, Webhook, sendAlert,
} from '../../../alerts.ts'
import { TaskflowsError, messageOf } from '../../../kernel/errors.ts'
import type { RunCommand } from '../invocation.ts'

interface TestValues {
  readonly destination: string
  readonly to?: readonly string[]
  readonly from?: string
  readonly smtpServer?: string
  readonly smtpPort?: number
}

/** Exits 1 when it was not sent, 2 when the destination is not written correctly. */
export const test: RunCommand = async ({ values, output }) => {
  const destination = readDestination(values as unknown as TestValues)
  // One try: who is waiting wants to know what went wrong.
  await sendAlert(destination, { subject: 'A sample from taskflows', severity: 'info', content: sample(), data: { event: 'alerts.test', host: hostname() } }, { retries: 0 })
  await output(false).item({ destination: destination.name, sent: true }, { name: destination.name, text: () => `Sent a sample to ${destination.name}` })
}

/** `slack:#ops`, or the kind alone with its place in `--to`. @throws `alerts.destination_invalid` */
function readDestination({ destination, to = [], from, smtpServer, smtpPort }: TestValues): Destination {
  const [, kind = '', place] = /^([^:]*)(?::(.*))?$/s.exec(destination) ?? []
  const places = [...(place === undefined || place === '' ? [] : [place]), ...to]
  const onlyPlace = (what: string): string => {
    if (places.length === 1) return places[0]!
    throw invalid(destination, `expected one ${what}, got ${places.length === 0 ? 'none' : places.join(', ')}`)
  }
  try {
    switch (kind) {
      case 'slack':
        return new Slack(onlyPlace('channel, such as slack:#ops'))
      case 'email':
        return new Email({
          receiverAddr: places.flatMap((each) => each.split(',')),
          ...(from !== undefined && { addr: from }), ...(smtpServer !== undefined && { smtpServer }), ...(smtpPort !== undefined && { smtpPort }),
        })
      case 'discord':
        return places.length === 0 ? new Discord() : new Discord(onlyPlace('webhook'))
      case 'webhook':
        return new Webhook(onlyPlace('URL, such as webhook:https://example.com/hook'))
      default:
        throw invalid(destination, 'expected slack:#CHANNEL, email:ADDRESS, discord or webhook:URL')
    }
  } catch (error) {
    throw error instanceof TypeError ? invalid(kind, messageOf(error)) : error
  }
}

function invalid(destination: string, problem: string): TaskflowsError {
  return new TaskflowsError('alerts.destination_invalid', `${destination}: ${problem}`, { hint: 'tf alerts test --help has an example of each.' })
}

function sample(): AlertContent {
  const now = Date.now()
  return [
    new Text(`This is what alerts look like here. tf alerts test sent it from ${hostname()}.`),
    new KeyValues({ Task: 'import', Attempts: '2 of 3', Duration: '12.4 s' }),
    new Callout('The first attempt failed, the second did not.', 'warning'),
    new Table([{ table: 'orders', rows: 1204, errors: 0 }, { table: 'customers', rows: 77, errors: 3 }], { title: 'Imported' }),
    new Timeline([
      { time: now - 14_000, title: 'Started' },
      { time: now - 12_000, title: 'ConnectionError', text: 'the database did not answer', severity: 'error' },
      { time: now, title: 'Succeeded', severity: 'success' },
    ]),
    new List(['Characters such as & < > * _ ` are shown as they are', 'Grüße, 世界']),
    new CodeBlock('SELECT count(*) FROM orders WHERE imported_at > now()', 'sql'),
  ]
}
