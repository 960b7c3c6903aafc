/** Colours, when the stream is a terminal that wants them. */
import { styleText } from 'node:util'

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan'
export type Paint = (style: Style, text: string) => string

/** `styleText` itself looks at the stream, NO_COLOR and FORCE_COLOR. */
export function paintFor(stream: NodeJS.WriteStream, noColor: boolean): Paint {
  return noColor ? (_style, text) => text : (style, text) => styleText(style, text, { stream })
}
