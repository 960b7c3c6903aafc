/** Components that hold others. */
import type { Component } from '../components.ts'
import { readList, readOneOf, readOptionalText, readOptions, refuse } from './arguments.ts'
import { deepestLayout, depthOf, readContent } from './content.ts'

export interface CardOptions {
  readonly title?: string
  /** One line of small text below. */
  readonly footer?: string
}

/** Components in a frame. */
export class Card {
  readonly kind = 'card'
  readonly content: readonly Component[]
  readonly title: string | undefined
  readonly footer: string | undefined

  /**
   * @param content strings stand for Text
   * @throws TypeError cards and grids are more than five levels deep
   */
  constructor(content: Component | string | readonly (Component | string)[], options: CardOptions = {}) {
    const { title, footer } = readOptions('Card', options, ['title', 'footer'])
    this.content = readContent('`content` of Card', Array.isArray(content) ? content : [content])
    this.title = readOptionalText('`title` of Card', title)
    this.footer = readOptionalText('`footer` of Card', footer)
    checkDepth(this)
  }
}

export interface GridOptions {
  /** 1 to 4; default 2. Narrow screens show fewer, chats one. */
  readonly columns?: 1 | 2 | 3 | 4
}

/** Components side by side, row by row. */
export class Grid {
  readonly kind = 'grid'
  readonly cells: readonly Component[]
  readonly columns: 1 | 2 | 3 | 4

  /**
   * @param cells strings stand for Text
   * @throws TypeError cards and grids are more than five levels deep
   */
  constructor(cells: readonly (Component | string)[], options: GridOptions = {}) {
    this.cells = readContent('`cells` of Grid', readList('`cells` of Grid', cells))
    this.columns = readOneOf('`columns` of Grid', readOptions('Grid', options, ['columns']).columns ?? 2, [1, 2, 3, 4])
    checkDepth(this)
  }
}

function checkDepth(component: Card | Grid): void {
  const depth = depthOf(component)
  if (depth > deepestLayout) refuse('cards and grids', `nested at most ${deepestLayout} deep`, depth)
}
