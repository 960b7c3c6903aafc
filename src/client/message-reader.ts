/**
 * Server-sent events out of the text in which they come
 * (https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation), with the one line ending that
 * our server uses. Pure.
 */
export interface Message {
  /** Of this message, or the last one that had one. */
  readonly id: string
  /** Empty for one that only tells an id. */
  readonly data: string
  /** It says that nothing comes behind it. */
  readonly last?: true
}

/** Takes text as it comes, cut anywhere, and gives the messages that it completes. */
export function createMessageReader(): (text: string) => Message[] {
  let rest = ''
  let id = ''
  return (text) => {
    const blocks = (rest + text).split('\n\n')
    rest = blocks.pop()!
    return blocks.map((block) => {
      const data: string[] = []
      let last = false
      for (const line of block.split('\n')) {
        if (line.startsWith('id: ')) id = line.slice(4)
        if (line.startsWith('data: ')) data.push(line.slice(6))
        if (line === 'event: end') last = true
      }
      return { id, data: data.join('\n'), ...(last && { last }) }
    })
  }
}
