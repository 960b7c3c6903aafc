/** What messages look like where they arrive. `render-hostile.test.ts` has what must never happen there. */
import { expect, test } from 'vitest'
import { sample } from '../../../test/testbed/alert-sample.ts'
import { checkBlocks } from '../../../test/testbed/slack-blocks.ts'
import { CodeBlock, type Component, Divider, Heading, Image, KeyValues, Link, List, Table, Text } from './components.ts'
import type { AlertMessage } from './message.ts'
import { renderDiscord } from './render-discord.ts'
import { renderHtml } from './render-html.ts'
import { renderMarkdown } from './render-markdown.ts'
import { renderSlack } from './render-slack.ts'
import { renderTerminal } from './render-terminal.ts'
import { Report } from './report.ts'

const limits = { inlineTableMaxRows: 200, attachmentMaxBytes: 1_000_000 }
const message = (...content: Component[]): AlertMessage => ({ subject: 'Orders', severity: 'warning', content })
const table = new Table([{ source: 'a|b', orders: 8 }, { source: '日本', orders: 1200 }])

test('Slack: the subject is a header, text is rich text, the fallback is escaped', () => {
  const { text, messages } = renderSlack({ subject: 'a < b & <!channel>', severity: 'error', content: [new Text('*not bold* <@U1>'), new Divider(), new Link('Logs', 'https://a.example/x')] }, limits)
  expect(text).toBe('🔴 a &lt; b &amp; &lt;!channel&gt;')
  expect(messages).toEqual([[
    { type: 'header', text: { type: 'plain_text', text: '🔴 a < b & <!channel>', emoji: false } },
    { type: 'rich_text', elements: [{ type: 'rich_text_section', elements: [{ type: 'text', text: '*not bold* <@U1>' }] }] },
    { type: 'divider' },
    { type: 'rich_text', elements: [{ type: 'rich_text_section', elements: [{ type: 'link', url: 'https://a.example/x', text: 'Logs' }] }] },
  ]])
})

test('without a subject a message says what it says, and notifications begin with that', () => {
  const bare: AlertMessage = { subject: '', severity: 'success', content: [new Text('Done & dusted')] }
  expect(renderSlack(bare, limits)).toMatchObject({ text: '🟢 Done &amp; dusted', messages: [[{ type: 'rich_text' }]] })
  expect(renderDiscord(bare, limits).contents).toEqual(['Done & dusted'])
  expect(renderMarkdown(bare, limits).markdown).toBe('Done \\& dusted\n')
  expect(renderHtml(bare, limits).html).not.toContain('<h1')
  expect(checkBlocks(renderSlack({ ...bare, content: [] }, limits).messages[0])).toEqual([])
  expect(renderDiscord({ ...bare, content: [] }, limits).contents).toEqual(['## 🟢 '])
})

test('Slack: an outer list goes on with its number after an inner one', () => {
  const { messages } = renderSlack(message(new List(['a', 'b', new List(['c']), 'd'], { ordered: true })), limits)
  expect(messages[0]![1]).toMatchObject({
    elements: [
      { style: 'ordered', indent: 0, elements: [{}, {}] },
      { style: 'bullet', indent: 1, elements: [{}] },
      { style: 'ordered', indent: 0, offset: 2, elements: [{}] },
    ],
  })
})

test('Slack: a table repeats its headings in each part', () => {
  const { messages } = renderSlack(message(new Table(Array.from({ length: 200 }, (_, at) => ({ id: at, name: 'x'.repeat(30) })))), limits)
  const parts = messages.flat().filter(({ type }) => type === 'rich_text')
  expect(parts.length).toBeGreaterThan(1)
  for (const part of parts) expect(JSON.stringify(part)).toMatch(/"text":" id {2}name\\n─/)
})

test('Slack: what is longer than five messages ends in a file that holds all of it', () => {
  const content = Array.from({ length: 300 }, (_, at) => new Text(`paragraph ${at}`))
  const { messages, files } = renderSlack(message(...content), limits)
  expect(messages.map(({ length }) => length)).toEqual([50, 50, 50, 50, 1])
  expect(messages.flatMap(checkBlocks)).toEqual([])
  expect(JSON.stringify(messages[4])).toContain('see message.txt')
  expect(files.at(-1)!.content).toMatch(/^● Orders\n\nparagraph 0\n[^]*\nparagraph 299\n$/)
})

test('Markdown: headings, tables, code and links are those of GitHub', () => {
  const { markdown } = renderMarkdown(message(new Heading('1. Sources'), table, new CodeBlock('a ``` b', 'ts'), new Link('a [b]', 'https://a.example/(x)'), new Text('# no\n- list\n<b> see https://a.example')), limits)
  expect(markdown).toBe([
    '# 🟠 Orders', '### 1\\. Sources', '| source | orders |\n| --- | ---: |\n| a\\|b | 8 |\n| 日本 | 1200 |', '````ts\na ``` b\n````', '[a &#91;b&#93;](https://a.example/%28x%29)',
    '\\# no\\\n\\- list\\\n\\<b\\> see https\\://a.example\n',
  ].join('\n\n'))
})

test('Discord: long text comes in parts, each with whole fences', () => {
  const lines = Array.from({ length: 39 }, (_, at) => `line ${at} ${'x'.repeat(60)}`).join('\n')
  const { contents } = renderDiscord(message(new CodeBlock(lines, 'ts'), new Text('@everyone')), limits)
  expect(contents).toHaveLength(2)
  for (const content of contents) expect(content.match(/```/g)).toHaveLength(2)
  expect(contents.join('\n').match(/line \d+/g)).toHaveLength(39)
  expect(contents[1]).toContain('@\u200beveryone')
})

test('Discord: a table stands in a fixed-width font', () => {
  expect(renderDiscord(message(table), limits).contents).toEqual(['## 🟠 Orders\n```\nsource  orders\n──────  ──────\na|b          8\n日本      1200\n```'])
})

test('Discord: what is longer than ten parts ends in a file', () => {
  const { contents, files } = renderDiscord(message(...Array.from({ length: 20 }, () => new Text('x'.repeat(1_500)))), limits)
  expect(contents).toHaveLength(10)
  expect(contents.at(-1)).toContain('see message.txt')
  expect(files.map(({ filename }) => filename)).toEqual(['message.txt'])
})

test('a terminal: columns line up, lines fit, pictures are named', () => {
  const shown = renderTerminal(message(new KeyValues({ a: 1, 'long name': 'two\nlines' }), table, new Image({ alt: 'Chart', url: 'https://a.example/c.png' })), { width: 40, colour: false })
  expect(shown.split('\n')).toEqual([
    '● Orders', '', 'a          1', 'long name  two', '           lines', '',
    'source  orders', '──────  ──────', 'a|b          8', '日本      1200', '', '[Chart] https://a.example/c.png', '',
  ])
})

test('a terminal with colours: each escape sequence ends on its line', () => {
  const shown = renderTerminal(sample, { width: 50, colour: true })
  for (const line of shown.split('\n')) {
    expect(line.match(/\u001b\[(1|2|3[1-4])m/g)?.length ?? 0).toBe(line.match(/\u001b\[(22|39)m/g)?.length ?? 0)
  }
})

test('HTML: the picture that was sent along is shown by its content id, and the text says the same', () => {
  const { html, text, files } = renderHtml(sample, limits)
  expect(files.map(({ contentId }) => contentId)).toEqual(['picture-1@taskflows'])
  expect(html).toContain('src="cid:picture-1@taskflows" alt="Orders per hour"')
  expect(html.match(/https?:\/\/[^"<]+/g)).toEqual(['https://grafana.example.com/explore?orgId=1&amp;left=%7B%22datasource%22%3A%22loki%22%7D'])
  expect(text).toContain('load-orders failed after 3 attempts')
  for (const line of text.split('\n')) expect(line.length <= 78 || !line.trim().includes(' ')).toBe(true)
})

test('a report needs nothing else: pictures are in it, and tables are whole', () => {
  const report = new Report(new Heading('Orders'), new Table(Array.from({ length: 500 }, (_, at) => [at])), sample.content.find(({ kind }) => kind === 'image')!, 'the end')
  expect(report.html()).toMatch(/<title>Report<\/title>[^]*<h3[^]*src="data:image\/png;base64,[A-Za-z0-9+/=]+"/)
  expect(report.html().match(/<tr>/g)!.length).toBeGreaterThan(500)
  expect(report.markdown()).toMatch(/^### Orders\n\n[^]*the end\n$/)
  expect(report.md()).toBe(report.markdown())
  expect(report.terminal()).toMatch(/^Orders\n[^]*the end\n$/)
})

test('a report is light, dark, or as the system says', () => {
  const report = new Report('x')
  expect(report.html()).toContain('@media (prefers-color-scheme:dark)')
  expect(report.html({ theme: 'dark' })).toMatch(/content="dark"[^]*background-color:#101317/)
  expect(report.html({ theme: 'dark' })).not.toContain('prefers-color-scheme')
  expect(() => report.html({ theme: 'sepia' as never })).toThrow(new TypeError('Expected `theme` of a report to be one of auto, light, dark, got "sepia"'))
})
