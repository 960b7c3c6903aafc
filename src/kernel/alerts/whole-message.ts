/** The file that holds a message which is too long for its destination. */
import { Files } from './attachments.ts'
import type { Composition } from './blocks.ts'
import type { Attachment, RenderLimits } from './message.ts'
import { textOf } from './render-terminal.ts'

export interface WholeMessage {
  /** What to say instead of the rest. */
  readonly note: string
  /** One, or none when not even a line of it fits. */
  readonly files: readonly Attachment[]
}

export function wholeMessage(composition: Composition, { attachmentMaxBytes }: RenderLimits): WholeMessage {
  const files = new Files(attachmentMaxBytes)
  const records = textOf(composition, { width: 100, colour: false }).trimEnd().split('\n')
  const { filename, kept } = files.addText({ filename: 'message.txt', contentType: 'text/plain', records, lineBreak: '\n' })
  return { note: kept === 0 ? 'The message is longer than can be shown here.' : `The message is longer than can be shown here: see ${filename}`, files: files.list }
}
