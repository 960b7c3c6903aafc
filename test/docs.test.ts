/**
 * The documents are true where a machine can tell: generated pages are fresh, links lead somewhere, files that are
 * named exist, and the worked example of a signature is one.
 */
import { existsSync, globSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { pages, readPage } from '../scripts/docs.ts'
import { verifySignature } from '../src/access/hmac.ts'

const root = join(import.meta.dirname, '..')
const documents = globSync(['*.md', 'docs/**/*.md', 'src/**/*.md', 'examples/**/*.md'], { cwd: root }).sort()
const files = globSync(['{src,test,scripts,bench,examples}/**/*.{ts,mjs,sql}', '*.ts'], { cwd: root, exclude: ['**/node_modules/**'] })

test.for([...pages()])('%s is what scripts/docs.ts writes', ([path, text]) => {
  expect(readPage(path)).toBe(text)
})

test('every link leads to a file, and to a heading in it', () => {
  const links = documents.flatMap((document) => linksOf(readPage(document)).map((link) => ({ document, link })))
  expect(links.filter(({ document, link }) => !leadsSomewhere(document, link))).toEqual([])
})

test('every source file that is named exists', () => {
  const named = documents.flatMap((document) => filesNamedIn(readPage(document)).map((name) => ({ document, name })))
  expect(named.filter(({ name }) => !files.some((file) => `/${file}`.endsWith(`/${name}`)))).toEqual([])
})

test('the worked signature of docs/reference/rest.md is accepted', () => {
  const page = readPage('docs/reference/rest.md')
  const value = (name: string) => new RegExp(`^\\| ${name} \\| \`([^\`]+)\` \\|$`, 'm').exec(page)![1]!
  const request = { method: 'POST', path: value('path'), body: value('body') }
  const signature = { timestamp: value('timestamp'), nonce: value('nonce'), signature: value('signature'), contentSha256: value('SHA-256 of the body') }
  expect(() => verifySignature(signature, request, value('secret'))).not.toThrow()
})

/** What is in code blocks is nobody's link. */
function withoutBlocks(text: string): string {
  return text.replaceAll(/^```[\s\S]*?^```$/gm, '')
}

function linksOf(text: string): string[] {
  return [...withoutBlocks(text).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target!).filter((target) => !/^[a-z]+:/.test(target))
}

function leadsSomewhere(document: string, link: string): boolean {
  const [path, heading] = link.split('#') as [string, string?]
  const target = path === '' ? document : join(dirname(document), path)
  if (!existsSync(join(root, target))) return false
  return heading === undefined || headingsOf(readPage(target)).includes(heading)
}

/** As GitHub names them. */
function headingsOf(text: string): string[] {
  return [...withoutBlocks(text).matchAll(/^#+ (.+)$/gm)].map(([, title]) => title!.toLowerCase().replaceAll(/[^\p{L}\p{N}\s_-]/gu, '').replaceAll(' ', '-'))
}

/** Names that stand for any file, or for one that the reader makes. */
const notOurs = new Set(['hello.ts', 'sync.ts', 'x.ts', 'NNNN-what.sql'])

/** By their whole path or its end: `sql/step.ts`. */
function filesNamedIn(text: string): string[] {
  return [...withoutBlocks(text).matchAll(/`([\w./-]+\.(?:ts|mjs|sql))`/g)].map(([, name]) => name!).filter((name) => !notOurs.has(name))
}
