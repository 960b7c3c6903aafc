/** An OpenTelemetry SDK as a user registers it, `node --import`: it writes each span that ends as a line. */
import { context, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { BasicTracerProvider, type ReadableSpan, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'

const exporter = {
  export: (spans: ReadableSpan[], done: (result: { code: number }) => void) => {
    for (const span of spans) {
      const { traceId, spanId } = span.spanContext()
      process.stdout.write(`span ${JSON.stringify({ name: span.name, trace: traceId, id: spanId, parent: span.parentSpanContext?.spanId ?? null })}\n`)
    }
    done({ code: 0 })
  },
  shutdown: async () => {},
}
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }))
