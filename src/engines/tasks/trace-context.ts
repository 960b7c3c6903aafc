/** W3C trace context: https://www.w3.org/TR/trace-context/#traceparent-header */
import { randomHex } from '../../kernel/ids.ts'

/** All-zero ids and version ff are invalid. */
const valid = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-([0-9a-f]{2})/

/** A new span, within the trace of `parent` if that is well formed. One that begins here is marked as sampled, so that whoever is called records it. */
export function continueTrace(parent: string | null | undefined): string {
  const [, trace = randomHex(16), flags = '01'] = valid.exec(parent ?? '') ?? []
  return `00-${trace}-${randomHex(8)}-${flags}`
}
