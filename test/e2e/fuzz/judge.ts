/** What every answer of a server must be like, whatever it was asked. */
import { type ErrorCode, errorKinds } from '../../../src/kernel/errors.ts'
import type { RawAnswer } from './connection.ts'
import type { Document, Place } from './document.ts'
import type { FuzzRequest } from './request.ts'

export interface Exchange {
  readonly request: FuzzRequest
  /** As it was sent. */
  readonly sent: Buffer
  /** Everything that the request says, for what an answer may repeat. */
  readonly said: string
  readonly answer: RawAnswer
  /** Whether somebody unknown asked. */
  readonly stranger: boolean
}

const members = ['type', 'title', 'status', 'detail', 'code', 'details', 'hint', 'instance']
const headersOfAll: Readonly<Record<string, RegExp>> = {
  'x-content-type-options': /^nosniff$/,
  'x-frame-options': /^DENY$/,
  'referrer-policy': /^no-referrer$/,
  'content-security-policy': /^default-src '(none|self)';/,
  'cache-control': /^no-store$/,
  'x-correlation-id': /^[\x21-\x7e]{1,128}$/,
}
/** Words of the inside: a stack, a path, a statement, a value that was written without a look. */
const inside = new RegExp([
  /\bat \S+:\d+:\d+|\.[jt]s:\d+|node_modules|\/src\/|\bECONN|FST_ERR|ZodError/,
  /\b(select|insert into|update|delete from) .*\b(from|values|set|where)\b|relation "|syntax error at or near|invalid input syntax/,
  /\bundefined\b|\[object \w+\]|\bNaN\b|Cannot read prop|is not a function/,
].map(({ source }) => source).join('|'), 'i')

/** What is wrong with an answer, in words; nothing if nothing is. */
export function judge(document: Document, exchange: Exchange): string[] {
  const { request, answer } = exchange
  const place = document.find(request.method, pathOf(exchange))
  const text = answer.body.toString()
  const found = Object.entries(headersOfAll).filter(([name, pattern]) => !pattern.test(answer.headers[name] ?? '')).map(([name]) => `the header ${name} is ${answer.headers[name] ?? 'missing'}`)
  if (answer.status >= 500) found.push(`status ${answer.status}`)
  if (answer.status === 0) found.push('not HTTP')
  if (exchange.stranger && answer.status < 400 && place !== undefined && !place.isPublic) found.push('a stranger was let in')
  if (request.method === 'HEAD' || answer.status === 204) return text === '' ? found : [...found, 'a body where there can be none']
  if (answer.status >= 400) return [...found, ...judgeProblem(exchange, text, place)]
  return place === undefined ? found : [...found, ...judgeSuccess(exchange, text, place)]
}

function pathOf({ sent }: Exchange): string {
  const target = sent.toString('latin1', 0, 20_000).split(' ')[1] ?? ''
  return target.replace(/[?#].*$/s, '')
}

function judgeProblem({ said, answer }: Exchange, text: string, place: Place | undefined): string[] {
  if (!/^application\/problem\+json(; charset=utf-8)?$/.test(answer.headers['content-type'] ?? '')) return [`${answer.status} is no problem but ${answer.headers['content-type'] ?? 'nothing'}: ${text.slice(0, 100)}`]
  const problem = parsed(text)
  if (problem === undefined) return [`the problem is not JSON: ${text.slice(0, 100)}`]
  const { code, status, detail, title, type, details, instance } = problem
  const kind = errorKinds[code as ErrorCode] as { readonly status: number; readonly title: string } | undefined
  if (kind === undefined) return [`unknown code ${String(code)}`]
  const found = Object.keys(problem).filter((member) => !members.includes(member)).map((member) => `unknown member ${member}`)
  if (status !== answer.status || kind.status !== answer.status) found.push(`the status is ${answer.status}, the problem says ${String(status)}, the table ${kind.status}`)
  if (title !== kind.title || type !== `urn:taskflows:error:${String(code)}`) found.push(`title or type is not that of ${String(code)}`)
  if (typeof detail !== 'string' || detail === '' || typeof instance !== 'string' || typeof details !== 'object' || details === null) found.push('detail, details or instance is missing')
  if (place !== undefined && !place.documents(answer.status, String(code))) found.push(`${answer.status} ${String(code)} of ${place.id} is not documented`)
  const told = inside.exec(`${String(detail)} ${JSON.stringify(details)}`)?.[0]
  if (told !== undefined && !said.includes(told)) found.push(`it tells of the inside: ${told}`)
  if (text.length > 20_000 + 2 * said.length) found.push(`a problem of ${text.length} characters`)
  return found
}

function judgeSuccess({ answer }: Exchange, text: string, place: Place): string[] {
  const type = answer.headers['content-type'] ?? 'nothing'
  if (type.startsWith('text/event-stream')) return judgeStream(text, place)
  if (type !== 'application/json; charset=utf-8') return [`the content type is ${type}`]
  const body = parsed(text)
  if (body === undefined) return ['the body is not JSON']
  const wrong = place.judge(answer.status, body)
  return wrong === undefined ? [] : [`${place.id}: not as documented: ${wrong.slice(0, 500)}`]
}

/** Messages are judged as items of the list at the same place. */
function judgeStream(text: string, place: Place): string[] {
  const items = [...text.matchAll(/^data: (.*)\n\n/gm)].map(([, data]) => parsed(data!))
  const wrong = place.judge(200, { items, next_cursor: null })
  return [...(wrong === undefined ? [] : [`a message is not as documented: ${wrong}`]), ...(/^id: [\x21-\x7e]+$/m.test(text) ? [] : [`no id in ${JSON.stringify(text.slice(0, 200))}`])]
}

function parsed(text: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(text) as Record<string, unknown>
  } catch {
    return undefined
  }
}
