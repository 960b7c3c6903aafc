/** What messages are made of. Instances are plain data with a `kind`; renderers switch over it. */

/** Text in paragraphs. Never markup: every renderer escapes it. */
export class Text {
  readonly kind = 'text'
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

export type Component = Text
