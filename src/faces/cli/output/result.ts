/** What a function returned, on stdout: text as it is, all else as JSON or YAML. */
import type { Output } from './output.ts'

/** `undefined` prints nothing. */
export async function printResult(value: unknown, output: Output): Promise<void> {
  const forPeople = output.format === 'table' || output.format === 'wide' || output.format === 'name'
  if (forPeople && typeof value === 'string') return void process.stdout.write(`${value}\n`)
  const json = jsonOf(value)
  if (json === undefined) return
  const shown = JSON.parse(json) as unknown
  const text = typeof shown === 'string' ? shown : JSON.stringify(shown, null, 2)
  await output.item(shown, { name: text, text: () => text })
}

/** JSON text also of what JSON knows nothing of. `undefined` when there is nothing to show. */
export function jsonOf(value: unknown): string | undefined {
  const above: { readonly value: unknown; readonly plain: unknown }[] = []
  return JSON.stringify(value, function (this: Record<string, unknown>, key, part: unknown) {
    if (typeof part === 'bigint') return String(part)
    if (typeof part !== 'object' || part === null) return part
    // `this` holds the part: what lies above it in the walk stays, what lay beside it goes.
    while (above.length > 0 && above.at(-1)!.plain !== this) above.pop()
    if (above.some((holder) => holder.value === part)) return '[circular]'
    // A buffer has been asked for its own JSON by now.
    const plain = plainOf(this[key] instanceof Uint8Array ? this[key] : part)
    above.push({ value: part, plain })
    return plain
  })
}

function plainOf(value: object): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  if (value instanceof Map) return [...value.keys()].every((key) => typeof key === 'string') ? Object.fromEntries(value) : [...value]
  if (value instanceof Set) return [...value]
  return value instanceof Error ? { ...value, name: value.name, message: value.message } : value
}
