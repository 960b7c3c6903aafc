/**
 * Whether Slack would take blocks: the rules of https://docs.slack.dev/reference/block-kit/blocks for those that
 * show something, as a schema. Fields that Slack does not know are refused, as it does.
 */
import { z } from 'zod'

const text = (max: number) => z.string().min(1).max(max)

const plainText = (max: number) => z.strictObject({ type: z.literal('plain_text'), text: text(max), emoji: z.boolean().optional() })
const mrkdwn = (max: number) => z.strictObject({ type: z.literal('mrkdwn'), text: text(max), verbatim: z.boolean().optional() })
const anyText = (max: number) => z.discriminatedUnion('type', [plainText(max), mrkdwn(max)])

const blockId = z.string().min(1).max(255).optional()
const webAddress = z.string().max(3000).regex(/^https?:\/\/[^\s<>]+$/)
const imageElement = z.strictObject({ type: z.literal('image'), image_url: webAddress, alt_text: text(2000) })

const style = z.strictObject({ bold: z.boolean().optional(), italic: z.boolean().optional(), strike: z.boolean().optional(), code: z.boolean().optional() }).optional()
// The reference gives no number for these; Slack refuses a message of about 13,000 characters, and this is a safe part of it.
const richString = z.strictObject({ type: z.literal('text'), text: text(4000), style })
const richLink = z.strictObject({ type: z.literal('link'), url: webAddress, text: text(3000).optional(), unsafe: z.boolean().optional(), style })
const richElement = z.discriminatedUnion('type', [richString, richLink])
const richSection = z.strictObject({ type: z.literal('rich_text_section'), elements: z.array(richElement).min(1) })
const richList = z.strictObject({
  type: z.literal('rich_text_list'),
  style: z.enum(['bullet', 'ordered']),
  elements: z.array(richSection).min(1),
  indent: z.int().min(0).max(8).optional(),
  offset: z.int().min(0).optional(),
  border: z.int().min(0).max(1).optional(),
})
const richPreformatted = z.strictObject({ type: z.literal('rich_text_preformatted'), elements: z.array(richElement).min(1), border: z.int().min(0).max(1).optional() })
const richQuote = z.strictObject({ type: z.literal('rich_text_quote'), elements: z.array(richElement).min(1), border: z.int().min(0).max(1).optional() })

const block = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('header'), text: plainText(150), block_id: blockId }),
  z.strictObject({ type: z.literal('section'), text: anyText(3000).optional(), fields: z.array(anyText(2000)).min(1).max(10).optional(), block_id: blockId })
    .refine((section) => section.text !== undefined || section.fields !== undefined, 'a section needs text or fields'),
  z.strictObject({ type: z.literal('divider'), block_id: blockId }),
  z.strictObject({ type: z.literal('image'), image_url: webAddress, alt_text: text(2000), title: plainText(2000).optional(), block_id: blockId }),
  z.strictObject({ type: z.literal('context'), elements: z.array(z.union([imageElement, anyText(2000)])).min(1).max(10), block_id: blockId }),
  z.strictObject({ type: z.literal('rich_text'), elements: z.array(z.discriminatedUnion('type', [richSection, richList, richPreformatted, richQuote])).min(1), block_id: blockId }),
])

const blocks = z.array(block).min(1).max(50)
/** Slack answers msg_blocks_too_long above about this. */
const longestJson = 13_200

/** What is wrong, one line each; empty when Slack would take them. `given` is the `blocks` of one message. */
export function checkBlocks(given: unknown): string[] {
  const checked = blocks.safeParse(given)
  const problems = checked.success ? [] : checked.error.issues.map(({ path, message }) => `blocks${path.map((part) => `[${String(part)}]`).join('')}: ${message}`)
  const length = JSON.stringify(given ?? null).length
  return length <= longestJson ? problems : [...problems, `blocks: ${length} characters of JSON, msg_blocks_too_long`]
}
