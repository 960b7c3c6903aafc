/**
 * Says what each component looks like, in blocks (`blocks.ts`): the only place that knows all components, as the
 * renderers know blocks alone. `compose-long.ts` has those that may have to become a file, `compose-short.ts` the rest.
 */
import { Files } from './attachments.ts'
import type { Block, Composition } from './blocks.ts'
import { cleanText } from './clean-text.ts'
import { type Context, composeFixed, composeImage, composeList, composeLog, composePairs, composeTable, composeText, composeTimeline } from './compose-long.ts'
import { crumbs, figure, line, meter, paragraph, priceChange, statusLine, treeLines } from './compose-short.ts'
import type { Component, LogEntry } from './components.ts'
import { cut } from './fit-text.ts'
import type { AlertMessage, Attachment, RenderLimits } from './message.ts'

const longestCallout = 2000

/** @param limits `null`: everything is shown where it stands, and only pictures become files */
export function compose({ subject, severity, content, attachments = [] }: AlertMessage, limits: RenderLimits | null): Composition {
  const files = limits === null ? new Files(Infinity, Infinity) : new Files(limits.attachmentMaxBytes)
  const leftOut = attachments.filter((attachment) => !addGiven(attachment, files))
  const blocks = composeAll(content, { files, limits })
  return { subject: line(subject), severity, blocks: [...blocks, ...leftOut.map(leftOutNote)], files: files.list }
}

/** Text that is too large is cut; there is no part of other files that would be of use. */
function addGiven(attachment: Attachment, files: Files): boolean {
  if (files.addWhole(attachment) !== undefined) return true
  const { filename, contentType, content } = attachment
  return typeof content === 'string' && files.addText({ filename, contentType, records: content.split(/\r?\n/), lineBreak: '\n' }).kept > 0
}

function leftOutNote({ filename }: Attachment): Block {
  return { kind: 'note', text: `${line(filename)} is not attached: it is too large, or one file too many` }
}

function composeAll(components: readonly Component[], context: Context): Block[] {
  return neighbours(components).flatMap((group) => {
    const [{ kind }] = group
    if (kind === 'log_entry') return composeLog(group as readonly LogEntry[], context)
    const blocks = group.flatMap((component) => composeOne(component, context))
    const between = togetherBy[kind]
    return between === undefined ? blocks : [oneParagraph(blocks, between)]
  })
}

type Group = [Component, ...Component[]]

/** What neighbours of the same kind have between them when they are shown as one. Log lines are one log. */
const togetherBy: Readonly<Partial<Record<Component['kind'], string>>> = { badge: ' ', status: '\n', price_change: '\n', log_entry: '\n' }

function neighbours(components: readonly Component[]): readonly Group[] {
  const groups: Group[] = []
  for (const component of components) {
    const last = groups.at(-1)
    if (last?.[0].kind === component.kind && component.kind in togetherBy) last.push(component)
    else groups.push([component])
  }
  return groups
}

function oneParagraph(blocks: readonly Block[], between: string): Block {
  return paragraph(blocks.flatMap((each, at) => (each.kind === 'paragraph' ? [...(at === 0 ? [] : [{ text: between }]), ...each.spans] : [])))
}

function composeOne(component: Component, context: Context): Block[] {
  switch (component.kind) {
    case 'text': return composeText(component.text, context)
    case 'heading': return [{ kind: 'heading', level: component.level, text: line(component.text) }]
    case 'line_break': return [{ kind: 'space' }]
    case 'divider': return [{ kind: 'divider' }]
    case 'list': return composeList(component, context)
    case 'code': return composeFixed(component.code, { filename: 'code.txt', language: component.language ?? '' }, context)
    case 'json': return composeFixed(component.json, { filename: 'data.json', language: 'json' }, context)
    case 'tree': return composeFixed(treeLines(component.root).join('\n'), { filename: 'tree.txt', language: '' }, context)
    case 'log_entry': return composeLog([component], context)
    case 'link': return [paragraph([{ text: line(component.label) || component.url, href: component.url }])]
    case 'breadcrumb': return [paragraph(crumbs(component.steps))]
    case 'key_values': return composePairs(component, context)
    case 'table': return composeTable(component, context)
    case 'timeline': return composeTimeline(component, context)
    case 'image': return [composeImage(component, context)]
    case 'badge': return [paragraph([{ text: line(component.text), framed: true, tone: component.severity }])]
    case 'status': return [statusLine(component)]
    case 'spinner': return [paragraph([{ text: `◌ ${line(component.text)}`, muted: true }])]
    case 'callout': return [{ kind: 'callout', tone: component.severity, title: line(component.title ?? ''), text: cut(cleanText(component.text), longestCallout) }]
    case 'progress': return [meter(component)]
    case 'metric': return [figure(component)]
    case 'price_change': return [priceChange(component)]
    case 'card': return [{ kind: 'card', title: line(component.title ?? ''), blocks: composeAll(component.content, context), footer: line(component.footer ?? '') }]
    case 'grid': return [{ kind: 'grid', columns: component.columns, cells: component.cells.map((cell) => composeAll([cell], context)) }]
    default: return component satisfies never
  }
}
