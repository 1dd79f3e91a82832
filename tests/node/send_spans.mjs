// Sends spans with the OpenTelemetry SDK for Node, as any application would.
// node send_spans.mjs json|protobuf|grpc URL none|gzip
//
// stdin: a JSON array of calls {name, attributes, start: [seconds, nanoseconds], end: likewise}
// stdout: "TRACE_ID-SPAN_ID" of each call's server span, a JSON array
import { readFileSync } from 'node:fs'

import { context, SpanKind, trace } from '@opentelemetry/api'
import { OTLPTraceExporter as Grpc } from '@opentelemetry/exporter-trace-otlp-grpc'
import { OTLPTraceExporter as Json } from '@opentelemetry/exporter-trace-otlp-http'
import { OTLPTraceExporter as Protobuf } from '@opentelemetry/exporter-trace-otlp-proto'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base'

const [protocol, url, compression] = process.argv.slice(2)
const calls = JSON.parse(readFileSync(0, 'utf8'))

const exporter = new { json: Json, protobuf: Protobuf, grpc: Grpc }[protocol]({ url, compression })
const provider = new BasicTracerProvider({
  resource: resourceFromAttributes({ 'service.name': 'orders-of-node' }),
  spanProcessors: [new BatchSpanProcessor(exporter)]
})
const tracer = provider.getTracer('send_spans')

const ids = calls.map(({ name, attributes, start, end }) => {
  const server = tracer.startSpan(name, { kind: SpanKind.SERVER, attributes, startTime: start })
  const inside = trace.setSpan(context.active(), server)
  for (const kind of [SpanKind.CLIENT, SpanKind.INTERNAL]) {
    tracer.startSpan('inside', { kind, attributes, startTime: start }, inside).end(end)
  }
  server.end(end)
  const { traceId, spanId } = server.spanContext()
  return `${traceId}-${spanId}`
})

// Rejects where an export failed, and an unhandled rejection ends the program with an error.
await provider.forceFlush()
await provider.shutdown()
console.log(JSON.stringify(ids))
