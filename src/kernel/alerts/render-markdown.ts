/** A message as Markdown of GitHub's flavour (https://github.github.com/gfm/). */
import { markers, type TableBlock } from './blocks.ts'
import { compose } from './compose.ts'
import { flatten } from './flatten.ts'
import { type Flavour, linkTarget, unitsOf } from './markdown-text.ts'
import type { AlertMessage, Attachment, RenderLimits, Severity } from './message.ts'

export interface MarkdownRendering {
  readonly markdown: string
  readonly files: readonly Attachment[]
}

/** Links and pictures are those of Link and Image; nothing that a text says becomes one, or HTML, or a mention. */
export function renderMarkdown(message: AlertMessage, limits: RenderLimits | null): MarkdownRendering {
  const { subject, severity, blocks, files } = compose(message, limits)
  const title = subject === '' ? [] : [`# ${markers[severity]} ${github.escape(subject)}`]
  const units = flatten(blocks).flatMap((block) => unitsOf(block, github))
  return { markdown: `${[...title, ...units].join('\n\n').replace(/\n{3,}/g, '\n\n')}\n`, files }
}

const alertWords = { info: 'NOTE', success: 'TIP', warning: 'WARNING', error: 'CAUTION' } as const satisfies Record<Severity, string>

const github: Flavour = {
  longestUnit: Infinity,
  longestText: Infinity,
  lineBreak: '\\\n',
  escape: escapeMarkdown,
  framed: (text) => `\`${text.replaceAll('`', "'")}\``,
  link: (label, { href }) => `[${inBrackets(label)}](${linkTarget(href)})`,
  fence(code) {
    const longest = (code.match(/`{3,}/g) ?? []).reduce((most, run) => Math.max(most, run.length), 2)
    return { fence: '`'.repeat(longest + 1), code }
  },
  note: (text) => `*${text}*`,
  divider: '---',
  picture: (alt, url) => `![${inBrackets(alt)}](${linkTarget(url)})`,
  quoteHead: (tone) => [`[!${alertWords[tone]}]`],
  table: (block) => [tableLines(block).join('\n')],
}

// Underscores within words are text already. A colon before slashes, and the dot of `www.`, would make a link of what is around them.
const markup = /[\\*[\]<>~|&$#]|(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])|:(?=\/\/)|(?<=www)\./giu

/**
 * Every character by itself, so that nothing depends on what pairs with what. Some readers pair escaped backticks, which
 * is why those are entities; and GitHub looks for addresses and mentions in what is left, where only a character of no
 * width after the @ helps.
 */
function escapeMarkdown(text: string): string {
  return text.replace(markup, '\\$&').replaceAll('`', '&#96;').replaceAll('@', '@\u200b')
}

/** Some readers take the backslashes off the brackets in a label, and read it again. */
function inBrackets(escaped: string): string {
  return escaped.replaceAll('\\[', '&#91;').replaceAll('\\]', '&#93;')
}

/** The flavour knows no table without headings. */
function tableLines({ columns, rows, numeric }: TableBlock): string[] {
  const row = (cells: readonly string[]) => `| ${cells.map(escapeMarkdown).join(' | ')} |`
  return [row(columns ?? numeric.map(() => '')), `| ${numeric.map((right) => (right ? '---:' : '---')).join(' | ')} |`, ...rows.map(row)]
}
