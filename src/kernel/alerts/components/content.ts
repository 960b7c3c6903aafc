/** What a message, a card or a grid may hold. */
import type { Component } from '../components.ts'
import { readList, refuse } from './arguments.ts'
import { Text } from './prose.ts'

const kinds = {
  badge: true, breadcrumb: true, callout: true, card: true, code: true, divider: true, grid: true, heading: true, image: true, json: true,
  key_values: true, line_break: true, link: true, list: true, log_entry: true, metric: true, price_change: true, progress: true, spinner: true,
  status: true, table: true, text: true, timeline: true, tree: true,
} satisfies Record<Component['kind'], true>

/** How deep cards and grids may hold each other. */
export const deepestLayout = 5

/**
 * Components as they are, and strings as Text. Goes by `kind`, not by class: a module may have made its components with
 * another copy of the package.
 * @param where completes "Expected ... to be", such as `` `content` of Card ``
 */
export function readContent(where: string, content: unknown): readonly Component[] {
  return readList(where, content).map((item, at) => {
    if (typeof item === 'string') return new Text(item)
    return isComponent(item) ? item : refuse(`item ${at} of ${where}`, 'a component or a string', item)
  })
}

/** How many cards and grids are around the innermost component, this one included. */
export function depthOf(component: Component): number {
  const inner = component.kind === 'card' ? component.content : component.kind === 'grid' ? component.cells : undefined
  return inner === undefined ? 0 : 1 + inner.reduce((deepest, each) => Math.max(deepest, depthOf(each)), 0)
}

function isComponent(value: unknown): value is Component {
  return typeof value === 'object' && value !== null && 'kind' in value && typeof value.kind === 'string' && Object.hasOwn(kinds, value.kind)
}
