/** A message as Discord shows it: its own flavour of Markdown, in parts of 2000 characters. */
import { markers } from './blocks.ts'
import { compose } from './compose.ts'
import { pack } from './fit-text.ts'
import { flatten } from './flatten.ts'
import { type Flavour, fenced, linkTarget, unitsOf } from './markdown-text.ts'
import type { AlertMessage, Attachment, RenderLimits } from './message.ts'
import { textGrid } from './text-grid.ts'
import { wholeMessage } from './whole-message.ts'

export interface DiscordRendering {
  /** To be posted in this order; none is empty or longer than 2000 characters. */
  readonly contents: readonly string[]
  /** At most 10. */
  readonly files: readonly Attachment[]
}

// https://docs.discord.com/developers/resources/webhook#execute-webhook
const longestContent = 2000
/** A message of more parts would be a nuisance: the rest is in a file. */
const mostContents = 10

export function renderDiscord(message: AlertMessage, limits: RenderLimits): DiscordRendering {
  const composition = compose(message, limits)
  const { subject, severity, blocks, files } = composition
  const units = flatten(blocks).flatMap((block) => unitsOf(block, discord))
  const title = subject === '' && units.some((unit) => unit.trim() !== '') ? [] : [`## ${markers[severity]} ${discord.escape(subject)}`]
  const contents = pack([...title, ...units], '\n', longestContent).filter((content) => content.trim() !== '')
  if (contents.length <= mostContents) return { contents, files }
  const whole = wholeMessage(composition, limits)
  return { contents: [...contents.slice(0, mostContents - 1), discord.note(discord.escape(whole.note))], files: [...files, ...whole.files] }
}

const tableWidth = 80
/** Longer addresses leave no room for anything else: the label stands alone. */
const longestAddress = 1000

const discord: Flavour = {
  longestUnit: longestContent - 100,
  longestText: 400,
  lineBreak: '\n',
  escape: escapeDiscord,
  framed: (text) => `\`${calm(text.replaceAll('`', "'"))}\``,
  link: (label, { text, href }) => (href.length > longestAddress ? label : text === href ? `<${target(href)}>` : `[${label}](<${target(href)}>)`),
  // There is no longer fence; a character of no width keeps the text from ending it.
  fence: (code) => ({ fence: '```', code: calm(code.replaceAll('``', '`\u200b`')) }),
  note: (text) => `-# ${text}`,
  divider: '──────────',
  picture: (alt, url) => (url.length > longestAddress ? alt : `[${alt}](${target(url)})`),
  quoteHead: () => [],
  table(block) {
    const { head, lines } = textGrid(block, tableWidth)
    return fenced([...head, ...lines].join('\n'), '', discord)
  },
}

/** Mentions, emoji, times and addresses are made of these, each of which a backslash makes a character like others. */
function escapeDiscord(text: string): string {
  return text.replace(/[\\`*[\]<>~|#/]|(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu, '\\$&').replaceAll('@', '@\u200b')
}

function target(url: string): string {
  return linkTarget(url).replace(/@(?=everyone|here)/g, '%40')
}

/** Within code nobody is mentioned, but neither should a search for the word find it. */
function calm(code: string): string {
  return code.replace(/@(?=everyone|here)/g, '@\u200b')
}
