/** What every renderer keeps to whatever a message says; `render.test.ts` has what messages look like. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { problemsOfHtml } from '../../../test/testbed/html-check.ts'
import { linksInMarkdown } from '../../../test/testbed/markdown-check.ts'
import { hostileMessage } from '../../../test/testbed/hostile-components.ts'
import { checkBlocks } from '../../../test/testbed/slack-blocks.ts'
import type { Component } from './components.ts'
import { linkTarget } from './markdown-text.ts'
import type { AlertMessage } from './message.ts'
import { renderDiscord } from './render-discord.ts'
import { renderHtml } from './render-html.ts'
import { renderMarkdown } from './render-markdown.ts'
import { renderSlack } from './render-slack.ts'
import { renderTerminal } from './render-terminal.ts'

const limits = { inlineTableMaxRows: 6, attachmentMaxBytes: 3000 }
const runs = { numRuns: Number(process.env.TASKFLOWS_FUZZ_MESSAGES ?? 150) }
const unseen = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\u{e0000}-\u{e007f}]|\p{Surrogate}/u

const check = (holds: (message: AlertMessage) => void) => fc.assert(fc.property(hostileMessage, holds), runs)

test('HTML holds no elements, attributes or addresses but ours', () => {
  check((message) => {
    const { html, text } = renderHtml(message, limits)
    expect(problemsOfHtml(html, addressesIn(message.content))).toEqual([])
    expect(html).not.toMatch(unseen)
    expect(text).not.toMatch(unseen)
  })
})

test('Slack takes every block, and files stay within their limits', () => {
  check((message) => {
    const { text, messages, files } = renderSlack(message, limits)
    expect(messages.flatMap(checkBlocks)).toEqual([])
    expect(JSON.stringify(messages)).not.toMatch(/"type":"mrkdwn"/)
    expect(text).not.toMatch(/[<>]|&(?!(amp|lt|gt);)/)
    expect(messages.length).toBeLessThanOrEqual(5)
    expect(files.length).toBeLessThanOrEqual(10)
    for (const { content, filename } of files) {
      expect(Buffer.byteLength(content)).toBeLessThanOrEqual(limits.attachmentMaxBytes)
      expect(filename).toMatch(/^[\p{L}\p{N}_][\p{L}\p{N}._-]*$/u)
    }
    expect(new Set(files.map(({ filename }) => filename)).size).toBe(files.length)
  })
})

test('Markdown has no links, pictures or HTML but those of Link and Image', () => {
  check((message) => {
    const { markdown } = renderMarkdown(message, limits)
    const found = linksInMarkdown(markdown)
    expect(found.html).toEqual([])
    const ours = new Set([...addressesIn(message.content)].map(linkTarget))
    expect(found.addresses.filter((address) => !ours.has(address))).toEqual([])
    expect(markdown).not.toMatch(unseen)
  })
})

test('Discord gets parts of 2000 characters, whole fences, and mentions nobody', () => {
  check((message) => {
    const { contents, files } = renderDiscord(message, limits)
    expect(contents.length).toBeGreaterThan(0)
    expect(contents.length).toBeLessThanOrEqual(10)
    expect(files.length).toBeLessThanOrEqual(10)
    for (const content of contents) {
      expect(content.length).toBeLessThanOrEqual(2000)
      expect(content.trim()).not.toBe('')
      expect(content).not.toMatch(/@(everyone|here)/)
      expect(content.replaceAll(/(?<!\\)```[^]*?\n```|(?<!\\)`[^`]*`/g, '')).not.toMatch(/(?<!\\)<(@|#|:|t:)/)
      expect(content.match(/(?<!\\)```/g)?.length ?? 0).toSatisfy((fences: number) => fences % 2 === 0)
    }
  })
})

test('a terminal gets no control sequences but ours', () => {
  check((message) => {
    const plain = renderTerminal(message, { width: 60, colour: false })
    expect(plain).not.toMatch(unseen)
    const coloured = renderTerminal(message, { width: 60, colour: true })
    expect(coloured.replaceAll(/\u001b\[(1|2|22|3[1-4]|39)m/g, '')).toBe(plain)
  })
})

function addressesIn(components: readonly Component[]): ReadonlySet<string> {
  return new Set(components.flatMap((component) => {
    switch (component.kind) {
      case 'link': return [component.url]
      case 'image': return 'url' in component.source ? [component.source.url] : []
      case 'card': return [...addressesIn(component.content)]
      case 'grid': return [...addressesIn(component.cells)]
      default: return []
    }
  }))
}
