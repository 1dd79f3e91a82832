// An HTTP server in Node, instrumented by @opentelemetry/instrumentation-http, that is called once in each way.
// node orders.cjs json|protobuf|grpc URL none|gzip
//
// stdout: "TRACE_ID-SPAN_ID" of the server span of each call, a JSON array in the order of the calls
const { OTLPTraceExporter: Grpc } = require('@opentelemetry/exporter-trace-otlp-grpc')
const { OTLPTraceExporter: Json } = require('@opentelemetry/exporter-trace-otlp-http')
const { OTLPTraceExporter: Protobuf } = require('@opentelemetry/exporter-trace-otlp-proto')
const { HttpInstrumentation } = require('@opentelemetry/instrumentation-http')
const { resourceFromAttributes } = require('@opentelemetry/resources')
const { BasicTracerProvider, BatchSpanProcessor } = require('@opentelemetry/sdk-trace-base')

const [protocol, url, compression] = process.argv.slice(2)
const exporter = new { json: Json, protobuf: Protobuf, grpc: Grpc }[protocol]({ url, compression })
const provider = new BasicTracerProvider({
  resource: resourceFromAttributes({ 'service.name': 'orders-of-node' }),
  spanProcessors: [new BatchSpanProcessor(exporter)]
})
const ids = []
const instrumentation = new HttpInstrumentation({
  // Its own exports are HTTP calls as well.
  disableOutgoingRequestInstrumentation: true,
  headersToSpanAttributes: { server: { requestHeaders: ['x-tag'], responseHeaders: ['content-type'] } },
  requestHook: span => {
    const { traceId, spanId } = span.spanContext()
    ids.push(`${traceId}-${spanId}`)
  }
})
instrumentation.setTracerProvider(provider)
const http = require('node:http')

const STATUSES = { GET: 200, POST: 201 }
const server = http.createServer((request, response) => {
  request.resume().on('end', () => {
    response.setHeader('Content-Type', 'text/plain')
    response.writeHead(STATUSES[request.method] ?? 503).end('an order')
  })
})

const call = (method, path, body) => new Promise((resolve, reject) => {
  const { port } = server.address()
  const headers = { 'User-Agent': 'agent/1', 'X-Tag': 'one', ...(body && { 'Content-Length': body.length }) }
  http.request({ host: '127.0.0.1', port, method, path, headers, agent: false }, answer => {
    answer.resume().on('end', resolve)
  }).on('error', reject).end(body)
})

server.listen(0, '127.0.0.1', async () => {
  await call('GET', '/orders/7?fields=name&q=gr%C3%BC%C3%9Fe')
  await call('POST', '/orders', 'x'.repeat(512))
  await call('DELETE', '/elsewhere')
  server.close()
  // Rejects where an export failed, and an unhandled rejection ends the program with an error.
  await provider.forceFlush()
  await provider.shutdown()
  console.log(JSON.stringify(ids))
})
