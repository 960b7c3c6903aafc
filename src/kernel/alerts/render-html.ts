/** A message as an HTML mail with its plain-text alternative. `html-blocks.ts` has the blocks, `html-theme.ts` the colours. */
import type { Composition } from './blocks.ts'
import { compose } from './compose.ts'
import { type HtmlOptions, blocksHtml, escapeHtml } from './html-blocks.ts'
import { type Theme, headStyles, lookOf } from './html-theme.ts'
import type { AlertMessage, Attachment, RenderLimits } from './message.ts'
import { textOf } from './render-terminal.ts'

export interface HtmlRendering {
  /** A whole document. */
  readonly html: string
  /** The same for readers without HTML, in lines of at most 78 characters (RFC 5322, 2.1.1) as far as words allow. */
  readonly text: string
  /** The document shows those with a `contentId` as `cid:` (RFC 2392); the others are plain attachments. */
  readonly files: readonly Attachment[]
}

export function renderHtml(message: AlertMessage, limits: RenderLimits): HtmlRendering {
  const composition = compose(message, limits)
  return {
    html: documentOf(composition, 'auto', (file) => `cid:${file.contentId!}`),
    text: textOf(composition, { width: 78, colour: false }),
    files: composition.files,
  }
}

const severityWords = { info: 'Information', success: 'Success', warning: 'Warning', error: 'Error' } as const
const font = 'font-family:-apple-system,BlinkMacSystemFont,Segoe UI,Roboto,Helvetica,Arial,sans-serif;font-size:15px;line-height:1.5'

/** A document that needs nothing else, but the pictures that have an address. */
export function documentOf({ subject, severity, blocks }: Composition, theme: Theme, addressOf: HtmlOptions['addressOf']): string {
  const look = lookOf(theme)
  const title = subject === '' ? '' : `<div${look('font-size:13px;font-weight:600', severity)}>${severityWords[severity]}</div>` +
    `<h1${look('margin:2px 0 16px;font-size:21px;line-height:1.3;font-weight:600;overflow-wrap:anywhere;word-break:break-word', 'ink')}>${escapeHtml(subject)}</h1>`
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>${escapeHtml(subject || 'Report')}</title>${headStyles(theme)}</head>` +
    `<body${look('margin:0;padding:0', 'page')}><table role="presentation"${look('width:100%;border-collapse:collapse;table-layout:fixed', 'page')}><tr><td${look('padding:20px 10px')}>` +
    `<div${look('max-width:680px;margin:0 auto;border-width:1px;border-style:solid;border-radius:8px;overflow:hidden', 'sheet')}>` +
    `<div${look('height:4px;font-size:0;line-height:0', `${severity}Bar`)}></div>` +
    `<div${look(`padding:18px 20px 8px;${font}`, 'ink')}>${title}${blocksHtml(blocks, { look, addressOf })}</div></div></td></tr></table></body></html>\n`
}
