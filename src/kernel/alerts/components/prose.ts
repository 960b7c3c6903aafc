/** Components that are read: text, lists, code, log lines, links. */
import { readList, readOneOf, readOptionalText, readOptions, readText, readTime, readWebAddress, refuse } from './arguments.ts'

/** Text in paragraphs; line breaks stay. Never markup: every renderer escapes it. */
export class Text {
  readonly kind = 'text'
  readonly text: string

  constructor(text: string) {
    this.text = readText('`text` of Text', text)
  }
}

/** A line that names what follows. */
export class Heading {
  readonly kind = 'heading'
  readonly text: string
  readonly level: 1 | 2 | 3

  /** @param level 1 is the largest. The subject of a message stands above them all. */
  constructor(text: string, level: 1 | 2 | 3 = 2) {
    this.text = readText('`text` of Heading', text)
    this.level = readOneOf('`level` of Heading', level, [1, 2, 3])
  }
}

/** Room between two components. */
export class LineBreak {
  readonly kind = 'line_break'
}

/** A line between two components. */
export class Divider {
  readonly kind = 'divider'
}

/** Text, or a list that belongs to the item before it. */
export type ListItem = string | List

export interface ListOptions {
  /** Numbers from 1 instead of bullets. Default `false`. */
  readonly ordered?: boolean
}

/** @example new List(['fetch', 'load', new List(['orders', 'customers'])], { ordered: true }) */
export class List {
  readonly kind = 'list'
  readonly items: readonly ListItem[]
  readonly ordered: boolean

  /** @throws TypeError lists are more than five levels deep */
  constructor(items: readonly ListItem[], options: ListOptions = {}) {
    const { ordered = false } = readOptions('List', options, ['ordered'])
    this.items = readList('`items` of List', items).map((item, at) => readItem(`\`items[${at}]\` of List`, item))
    this.ordered = typeof ordered === 'boolean' ? ordered : refuse('`ordered` of List', 'true or false', ordered)
    if (depthOf(this) > deepestList) refuse('`items` of List', `nested at most ${deepestList} deep`, depthOf(this))
  }
}

const deepestList = 5

function readItem(where: string, item: unknown): ListItem {
  return typeof item === 'object' && item !== null && 'kind' in item && item.kind === 'list' ? item as List : readText(where, item)
}

function depthOf(list: List): number {
  return 1 + list.items.reduce((deepest, item) => (typeof item === 'string' ? deepest : Math.max(deepest, depthOf(item))), 0)
}

/** Text as it stands, in a fixed-width font: code, a stack, the output of a program. */
export class CodeBlock {
  readonly kind = 'code'
  readonly code: string
  readonly language: string | undefined

  /** @param language for colours, where a destination has them: letters, digits and `+ # . _ -`, such as `ts` */
  constructor(code: string, language?: string) {
    this.code = readText('`code` of CodeBlock', code)
    this.language = readOptionalText('`language` of CodeBlock', language)
    if (language !== undefined && !/^[\w+#.-]{1,30}$/.test(language)) refuse('`language` of CodeBlock', 'the name of a language', language)
  }
}

/** Any value, as indented JSON. */
export class Json {
  readonly kind = 'json'
  readonly json: string

  /** Taken as it is now: later changes of `value` are not shown. Big integers are written as text. */
  constructor(value: unknown) {
    this.json = toJson(value) ?? refuse('`value` of Json', 'something that JSON can hold', value)
  }
}

function toJson(value: unknown): string | undefined {
  try {
    return JSON.stringify(value, (_key, each: unknown) => (typeof each === 'bigint' ? String(each) : each), 2)
  } catch (thrown) {
    throw new TypeError(`Expected \`value\` of Json to be something that JSON can hold: ${String(thrown)}`, { cause: thrown })
  }
}

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const
export type LogLevel = (typeof logLevels)[number]

export interface LogEntryOptions {
  readonly message: string
  /** Default `info`. */
  readonly level?: LogLevel
  /** Dates and epoch milliseconds are written in UTC. */
  readonly time?: Date | number | string
  readonly logger?: string
}

/** One line of a log. Neighbours are shown as one log, and a long one becomes a file. */
export class LogEntry {
  readonly kind = 'log_entry'
  readonly message: string
  readonly level: LogLevel
  readonly time: string | undefined
  readonly logger: string | undefined

  constructor(options: LogEntryOptions) {
    const { message, level = 'info', time, logger } = readOptions('LogEntry', options, ['message', 'level', 'time', 'logger'])
    this.message = readText('`message` of LogEntry', message)
    this.level = readOneOf('`level` of LogEntry', level, logLevels)
    this.time = time === undefined ? undefined : readTime('`time` of LogEntry', time)
    this.logger = readOptionalText('`logger` of LogEntry', logger)
  }
}

/** A link of its own line: the only thing in a message that can be followed. */
export class Link {
  readonly kind = 'link'
  readonly label: string
  readonly url: string

  /** @param url http or https */
  constructor(label: string, url: string) {
    this.label = readText('`label` of Link', label)
    this.url = readWebAddress('`url` of Link', url)
  }
}

/** Where something is, from the outside in. */
export class Breadcrumb {
  readonly kind = 'breadcrumb'
  readonly steps: readonly string[]

  constructor(steps: readonly string[]) {
    this.steps = readList('`steps` of Breadcrumb', steps).map((step, at) => readText(`\`steps[${at}]\` of Breadcrumb`, step))
    if (this.steps.length === 0) refuse('`steps` of Breadcrumb', 'one or more strings', steps)
  }
}
