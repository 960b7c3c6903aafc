/** Components without a destination: a page, a text or a terminal's screen of them. */
import type { Component } from './components.ts'
import { readOneOf } from './components/arguments.ts'
import { readContent } from './components/content.ts'
import { compose } from './compose.ts'
import { type Theme, themes } from './html-theme.ts'
import type { AlertMessage, Attachment } from './message.ts'
import { documentOf } from './render-html.ts'
import { renderMarkdown } from './render-markdown.ts'
import { type TerminalOptions, renderTerminal } from './render-terminal.ts'

/**
 * Everything is shown where it stands, however long: a report has no attachments.
 * @example await writeFile('report.html', new Report(new Heading('Orders'), new Table(rows)).html())
 */
export class Report {
  readonly #message: AlertMessage

  /** @param components strings stand for Text */
  constructor(...components: readonly (Component | string)[]) {
    this.#message = { subject: '', severity: 'info', content: readContent('the arguments of Report', components) }
  }

  /**
   * A whole document with its pictures in it.
   * @param theme default `auto`: as the reader's system says
   */
  html({ theme = 'auto' }: { readonly theme?: Theme } = {}): string {
    return documentOf(compose(this.#message, null), readOneOf('`theme` of a report', theme, themes), dataAddress)
  }

  /** Of GitHub's flavour. Of pictures that have no address it says what they show. */
  markdown(): string {
    return renderMarkdown(this.#message, null).markdown
  }

  /** The same as `markdown()`, by the name of the documents. */
  md(): string {
    return this.markdown()
  }

  /** @param options default: 80 columns without colours */
  terminal({ width = 80, colour = false }: Partial<TerminalOptions> = {}): string {
    return renderTerminal(this.#message, { width, colour })
  }
}

function dataAddress({ contentType, content }: Attachment): string {
  return `data:${contentType};base64,${Buffer.from(content as Uint8Array).toString('base64')}`
}
