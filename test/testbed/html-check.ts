/** Whether HTML of ours holds only what we would write: a strict reading, for a document without scripts, comments or foreign content. */

const elements = new Set(['html', 'head', 'meta', 'title', 'style', 'body', 'table', 'tr', 'th', 'td', 'div', 'p', 'h1', 'h2', 'h3', 'h4', 'ul', 'ol', 'li', 'pre', 'span', 'strong', 'a', 'img', 'hr', 'br'])
const empty = new Set(['meta', 'img', 'hr', 'br'])
const attributes = new Set(['lang', 'charset', 'name', 'content', 'class', 'style', 'role', 'scope', 'href', 'src', 'alt'])

const tag = /<(\/?)([a-z0-9]+)((?: [a-z-]+="[^"<>]*")*)>/y
const attribute = / ([a-z-]+)="([^"]*)"/g
const text = /[^<&>]+|&(?:amp|lt|gt|quot|#39|nbsp|#9679);/y
const styleSheet = /<style>[^<]*<\/style>/y

/** @param addresses what links and pictures may lead to, besides files of the message */
export function problemsOfHtml(html: string, addresses: ReadonlySet<string>): string[] {
  const start = '<!doctype html>'
  if (!html.startsWith(start)) return ['no doctype']
  const open: string[] = []
  let at = start.length
  const take = (pattern: RegExp) => {
    pattern.lastIndex = at
    const found = pattern.exec(html)
    if (found) at = pattern.lastIndex
    return found
  }
  const problems: string[] = []
  while (at < html.length && problems.length === 0) {
    if (take(styleSheet) || take(text)) continue
    const found = take(tag)
    if (!found) return [`neither a tag nor text: ${html.slice(at, at + 80)}`]
    const [, end, name = '', given = ''] = found
    if (!elements.has(name)) problems.push(`<${name}>`)
    if (end) {
      if (open.pop() !== name) problems.push(`</${name}> ends another element`)
    } else if (!empty.has(name)) open.push(name)
    problems.push(...[...given.matchAll(attribute)].flatMap(([, key = '', value = '']) => problemsOfAttribute(key, value, addresses)))
  }
  return open.length === 0 ? problems : [...problems, `not ended: ${open.join(' ')}`]
}

function problemsOfAttribute(name: string, value: string, addresses: ReadonlySet<string>): string[] {
  if (!attributes.has(name)) return [`attribute ${name}`]
  if (name === 'style' && /url\(|expression|javascript|@import/i.test(value)) return [`style ${value}`]
  const address = value.replaceAll('&amp;', '&').replaceAll('&#39;', "'")
  if ((name === 'href' || name === 'src') && !addresses.has(address) && !/^cid:picture-\d+@taskflows$/.test(address)) return [`${name} ${address}`]
  return []
}
