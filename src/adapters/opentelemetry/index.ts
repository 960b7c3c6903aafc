/**
 * Finds out whether this process has an OpenTelemetry SDK, and traces through it
 * if so. An SDK is registered before anything else runs (`node --import`), so
 * it is looked for once.
 */
import type { Tracer } from '../../kernel/observe/tracing.ts'
import { packageVersion } from '../../kernel/version.ts'

/** Where every copy of the API, of any 1.x version, keeps what an SDK registered. */
const registered = Symbol.for('opentelemetry.js.api.1')

/** `undefined` without an SDK: then nothing was loaded. */
export async function findTracer(): Promise<Tracer | undefined> {
  const found = (globalThis as { readonly [registered]?: { readonly trace?: object } })[registered]?.trace
  if (found === undefined) return undefined
  const { trace } = await import('@opentelemetry/api')
  // An older API than ours registered it: ours would make spans that nobody gets.
  if (trace.getTracerProvider() !== found) return undefined
  const { createTracer } = await import('./tracer.ts')
  return createTracer(packageVersion())
}
