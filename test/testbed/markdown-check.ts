/** What a reader of Markdown (GitHub's flavour) would find in a text that can be followed, fetched or run. */
import { type Token, lexer, walkTokens } from 'marked'

export interface MarkdownFound {
  readonly addresses: readonly string[]
  readonly html: readonly string[]
}

export function linksInMarkdown(markdown: string): MarkdownFound {
  const addresses: string[] = []
  const html: string[] = []
  walkTokens(lexer(markdown, { gfm: true }), (token: Token) => {
    if (token.type === 'link' || token.type === 'image' || token.type === 'def') addresses.push(token.href as string)
    if (token.type === 'html') html.push(token.raw)
  })
  return { addresses, html }
}
