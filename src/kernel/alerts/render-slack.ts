/**
 * A message as Slack's Block Kit (https://docs.slack.dev/reference/block-kit/blocks). What a user says stands in
 * `plain_text` or `rich_text`, never in mrkdwn, so it cannot mention, link or format.
 */
import { type Block, markers } from './blocks.ts'
import { cleanLine } from './clean-text.ts'
import { compose } from './compose.ts'
import { cut } from './fit-text.ts'
import { type FlatBlock, flatten } from './flatten.ts'
import type { AlertMessage, Attachment, RenderLimits } from './message.ts'
import { linesOf } from './render-terminal.ts'
import { richList, richParagraph, richPreformatted } from './slack-rich-text.ts'
import { textGrid } from './text-grid.ts'
import { wholeMessage } from './whole-message.ts'

/** One block, as JSON. */
export type SlackBlock = Readonly<Record<string, unknown>> & { readonly type: string }

export interface SlackRendering {
  /** What notifications and old clients show: escaped for mrkdwn, so it mentions nobody. */
  readonly text: string
  /** To be posted one after the other: each has 1 to 50 blocks. */
  readonly messages: readonly (readonly SlackBlock[])[]
  /** At most 10. */
  readonly files: readonly Attachment[]
}

const mostBlocks = 50
/** Slack refuses more with msg_blocks_too_long, and does not document where more begins: at about 13,000 characters. */
const longestMessage = 12_000
/** A message of more parts would be a nuisance: the rest is in a file. */
const mostMessages = 5
const longestHeader = 150
const longestSummary = 200
const longestAlt = 2000
const longestAddress = 3000
const tableWidth = 90

export function renderSlack(message: AlertMessage, limits: RenderLimits): SlackRendering {
  const composition = compose(message, limits)
  const { subject, severity, blocks, files } = composition
  const shown = flatten(blocks).flatMap(slackBlocks)
  // A message without a subject says what it says; one without anything still has to have a block.
  const messages = inMessages(subject === '' && shown.length > 0 ? shown : [header(`${markers[severity]} ${subject}`), ...shown])
  const text = escapeMrkdwn(`${markers[severity]} ${subject || summary(blocks)}`)
  if (messages.length <= mostMessages) return { text, messages, files }
  const whole = wholeMessage(composition, limits)
  return { text, messages: [...messages.slice(0, mostMessages - 1), [context(whole.note)]], files: [...files, ...whole.files] }
}

/** What a message without a subject begins with. */
function summary(blocks: readonly Block[]): string {
  return cleanLine(linesOf(blocks.slice(0, 3), { width: longestSummary, colour: false }).join(' '), longestSummary)
}

/** https://docs.slack.dev/messaging/formatting-message-text#escaping */
function escapeMrkdwn(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

function slackBlocks(block: FlatBlock): SlackBlock[] {
  switch (block.kind) {
    case 'paragraph': return richParagraph('rich_text_section', block.spans)
    case 'quote': return richParagraph('rich_text_quote', block.spans)
    case 'heading': return block.level === 3 || block.text.length > longestHeader ? richParagraph('rich_text_section', [{ text: block.text, bold: true }]) : [header(block.text)]
    case 'caption': return richParagraph('rich_text_section', [{ text: block.text, bold: true }])
    case 'note': return [context(block.text)]
    case 'list': return richList(block.entries)
    case 'table': {
      const { head, lines } = textGrid(block, tableWidth)
      return richPreformatted(lines.join('\n') || ' ', head)
    }
    case 'preformatted': return richPreformatted(block.text)
    case 'space': return richParagraph('rich_text_section', [{ text: ' ' }])
    case 'divider': return [{ type: 'divider' }]
    case 'picture': return [picture(block.alt, block.url)]
    default: return block satisfies never
  }
}

/** Empty texts are refused. */
function plainText(text: string, maxLength: number): object {
  return { type: 'plain_text', text: cut(text.trim() === '' ? ' ' : text, maxLength), emoji: false }
}

function header(text: string): SlackBlock {
  return { type: 'header', text: plainText(text, longestHeader) }
}

function context(text: string): SlackBlock {
  return { type: 'context', elements: [plainText(text, longestAlt)] }
}

function picture(alt: string, url: string): SlackBlock {
  if (url.length > longestAddress) return context(`${alt}: the address of the picture is too long for Slack`)
  return { type: 'image', image_url: url, alt_text: cut(alt, longestAlt) }
}

function inMessages(blocks: readonly SlackBlock[]): SlackBlock[][] {
  const messages: SlackBlock[][] = []
  let taken = 0
  for (const block of blocks) {
    const length = JSON.stringify(block).length
    const last = messages.at(-1)
    if (last === undefined || last.length === mostBlocks || taken + length > longestMessage) {
      messages.push([block])
      taken = length
    } else {
      last.push(block)
      taken += length
    }
  }
  return messages
}
