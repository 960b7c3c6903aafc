/**
 * What a request may hold, for those who check it without zod; `vocabulary.ts`
 * has the schemas.
 */

/** Lengths are in characters. */
export const jobLimits = {
  name: 255,
  queue: 64,
  tenant: 64,
  maxAttempts: 100,
  priorityMin: -32_768,
  priorityMax: 32_767,
  payloadBytes: 1_048_576,
  /** Payloads up to this size are shown in lists. */
  payloadShownBytes: 4_096,
  correlationId: 128,
  uniqueKey: 255,
  reason: 500,
  /** Jobs in one bulk request. */
  bulk: 10_000,
  /** Jobs that one job may wait for. */
  parents: 10_000,
  /** The longest time-out of one attempt: 30 days. */
  timeoutSeconds: 2_592_000,
} as const

/** Whether PostgreSQL can keep a text and a terminal can show it: no control characters, no lone surrogates. */
export function isPrintable(text: string): boolean {
  if (!text.isWellFormed()) return false
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    if (code < 32 || code === 127) return false
  }
  return true
}
