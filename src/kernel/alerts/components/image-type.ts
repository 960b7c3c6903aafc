/** What kind of picture bytes are, by how they begin. */

export interface ImageType {
  readonly contentType: string
  readonly extension: string
}

/** `undefined` for anything that mail clients and chats do not all show, SVG among them: it can hold scripts. */
export function imageType(bytes: Uint8Array): ImageType | undefined {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, 12)).toString('latin1')
  if (head.startsWith('\u0089PNG\r\n\u001a\n')) return { contentType: 'image/png', extension: 'png' }
  if (head.startsWith('\u00ff\u00d8\u00ff')) return { contentType: 'image/jpeg', extension: 'jpg' }
  if (/^GIF8[79]a/.test(head)) return { contentType: 'image/gif', extension: 'gif' }
  if (/^RIFF[^]{4}WEBP/.test(head)) return { contentType: 'image/webp', extension: 'webp' }
  return undefined
}
