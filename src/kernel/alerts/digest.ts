/** Puts the messages of a period into one. */
import { Divider, Heading, List, Text } from './components.ts'
import { keyOf } from './delivery-state.ts'
import type { AlertMessage, Attachment, Severity } from './message.ts'

const severities: readonly Severity[] = ['info', 'success', 'warning', 'error']

/** What is told in full; of the rest only the subjects, so that a digest stays readable. */
const mostInFull = 20
const mostSubjects = 100
const mostAttachments = 20

/** One message that holds all of these; the same news is told once, as it came last, with how often it came. */
export function digestOf(messages: readonly AlertMessage[]): AlertMessage {
  const [only] = messages
  if (only !== undefined && messages.length === 1) return only
  const news = [...Map.groupBy(messages, keyOf).values()]
  const attachments = news.flatMap((same): readonly Attachment[] => same.at(-1)?.attachments ?? []).slice(0, mostAttachments)
  return {
    subject: `${messages.length} messages: ${shortened(messages[0]?.subject ?? '')}${news.length > 1 ? ' and others' : ''}`,
    severity: worstOf(messages),
    content: [...news.slice(0, mostInFull).flatMap(inFull), ...theRest(news.slice(mostInFull))],
    ...(attachments.length > 0 && { attachments }),
    data: { event: 'alerts.digest', messages: news.map((same) => ({ ...same.at(-1)?.data, subject: same.at(-1)?.subject, severity: same.at(-1)?.severity, times: same.length })) },
  }
}

function inFull(same: readonly AlertMessage[], index: number): AlertMessage['content'] {
  const last = same.at(-1)
  if (!last) return []
  return [...(index > 0 ? [new Divider()] : []), new Heading(titleOf(same)), ...last.content]
}

function theRest(news: readonly (readonly AlertMessage[])[]): AlertMessage['content'] {
  if (news.length === 0) return []
  const more = news.length - mostSubjects
  return [new Divider(), new List(news.slice(0, mostSubjects).map(titleOf)), ...(more > 0 ? [new Text(`and ${more} more`)] : [])]
}

function titleOf(same: readonly AlertMessage[]): string {
  return `${same.at(-1)?.subject ?? ''}${same.length > 1 ? ` (${same.length} times)` : ''}`
}

function worstOf(messages: readonly AlertMessage[]): Severity {
  return severities[Math.max(...messages.map(({ severity }) => severities.indexOf(severity)))] ?? 'info'
}

const shortened = (text: string): string => (text.length > 80 ? `${text.slice(0, 79)}…` : text)
