/**
 * HTML messages in a real browser: nothing is wider than the screen, every text can be read, and what is hostile is
 * shown, not obeyed. TASKFLOWS_SCREENSHOTS=DIRECTORY keeps pictures of the sample.
 */
import { join } from 'node:path'
import fc from 'fast-check'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Card, CodeBlock, Grid, KeyValues, MetricCard, Table, Text } from '../../src/kernel/alerts/components.ts'
import { severities } from '../../src/kernel/alerts/components/arguments.ts'
import { renderHtml } from '../../src/kernel/alerts/render-html.ts'
import { pixel, sample } from '../testbed/alert-sample.ts'
import { findChromium, startChromium } from '../testbed/chromium.ts'
import { hostileMessage } from '../testbed/hostile-components.ts'

const limits = { inlineTableMaxRows: 200, attachmentMaxBytes: 1_000_000 }
const screenshots = process.env['TASKFLOWS_SCREENSHOTS']

const path = findChromium()
if (path === undefined) console.log('skipped: tests in a browser: Chromium is not installed (apt-get install chromium)')
if (path === undefined && process.env['CI']) throw new Error('Chromium is missing')

const views = [800, 375].flatMap((width) => (['light', 'dark'] as const).map((scheme) => ({ width, scheme })))

describe.skipIf(path === undefined)('a message in a browser', { timeout: 60_000 }, () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await startChromium(path!)
  })
  afterAll(() => browser.close())

  async function show(html: string, { width, scheme }: (typeof views)[number]): Promise<Page> {
    const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme: scheme })
    // Nothing is fetched, whoever asks for it.
    await page.route('**/*', (route) => route.abort())
    await page.setContent(html.replaceAll(/src="cid:[^"]+"/g, `src="data:image/png;base64,${pixel.toString('base64')}"`))
    return page
  }

  test.each(views)('fits $width pixels and can be read in $scheme', async ({ width, scheme }) => {
    for (const severity of severities) {
      await using page = await show(renderHtml({ ...sample, severity }, limits).html, { width, scheme })
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width)
      const contrasts = await page.evaluate<readonly Contrast[]>(contrastsOfTexts)
      expect(contrasts.length).toBeGreaterThan(80)
      expect(contrasts.filter(({ ratio }) => ratio < 4.5)).toEqual([])
      if (screenshots !== undefined && severity === sample.severity) await page.screenshot({ path: join(screenshots, `alert-${width}-${scheme}.png`), fullPage: true })
    }
  })

  test('stays within 375 pixels with words, tables and figures that are wider', async () => {
    const wide = 'x'.repeat(400)
    const content = [new Text(wide), new KeyValues({ [wide]: wide }), new CodeBlock(wide), new Table([Object.fromEntries(Array.from({ length: 12 }, (_, at) => [`column ${at}`, 123_456_789 * (at + 1)]))])]
    const { html } = renderHtml({ subject: wide, severity: 'info', content: [...content, new Card(content, { title: wide }), new Grid([new MetricCard(wide, wide), ...content], { columns: 4 })] }, limits)
    for (const view of views) {
      await using page = await show(html, view)
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(view.width)
    }
  })

  test('holds no element that its text asks for, and runs nothing', async () => {
    const messages = fc.sample(hostileMessage, 60)
    await using page = await show('', views[0]!)
    const alarms: string[] = []
    page.on('dialog', (dialog) => {
      alarms.push(dialog.message())
      void dialog.dismiss()
    })
    for (const message of messages) {
      const { html } = renderHtml(message, limits)
      await page.setContent(html)
      const tags = await page.evaluate<string[]>('[...new Set([...document.querySelectorAll("*")].map((each) => each.localName))]')
      expect(tags.filter((tag) => !known.has(tag)), html).toEqual([])
      expect(await page.evaluate('[...document.querySelectorAll("*")].flatMap((each) => each.getAttributeNames()).filter((name) => name.startsWith("on"))')).toEqual([])
    }
    expect(alarms).toEqual([])
  })
})

const known = new Set(['html', 'head', 'meta', 'title', 'style', 'body', 'table', 'tbody', 'tr', 'th', 'td', 'div', 'p', 'h1', 'h2', 'h3', 'h4', 'ul', 'ol', 'li', 'pre', 'span', 'strong', 'a', 'img', 'hr', 'br'])

interface Contrast {
  readonly text: string
  readonly ratio: number
}

/** Runs in the page: the contrast of each text with the ground it stands on (WCAG 2.2, relative luminance). */
const contrastsOfTexts = `(() => {
  const parts = (colour) => colour.match(/[\\d.]+/g).map(Number)
  const luminance = (colour) => {
    const [red, green, blue] = parts(colour).slice(0, 3).map((part) => (part /= 255) <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
  }
  const ground = (element) => {
    for (let each = element; each; each = each.parentElement) {
      const colour = getComputedStyle(each).backgroundColor
      if (parts(colour)[3] !== 0) return colour
    }
    return 'rgb(255, 255, 255)'
  }
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  const found = []
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement
    const text = texts.currentNode.data.trim()
    if (text === '') continue
    const [low, high] = [luminance(getComputedStyle(element).color), luminance(ground(element))].sort((a, b) => a - b)
    found.push({ text, ratio: Math.round((high + 0.05) / (low + 0.05) * 100) / 100 })
  }
  return found
})()`
