import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'

/**
 * OpenTelemetry traces of HTTP requests, sent by OTLP over HTTP where OTEL_EXPORTER_OTLP_ENDPOINT (or the one for traces)
 * is set. The other OTEL_ variables (service name, headers, sampler) count as usual.
 */
async function tracing(fastify: FastifyInstance) {
  const { OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT, OTEL_SDK_DISABLED } = process.env
  if (!(OTEL_EXPORTER_OTLP_ENDPOINT || OTEL_EXPORTER_OTLP_TRACES_ENDPOINT) || OTEL_SDK_DISABLED === 'true') return
  // Loaded only where they are used, for they take a good part of a start.
  const [{ FastifyOtelInstrumentation }, { BatchSpanProcessor, NodeTracerProvider }, { OTLPTraceExporter }, resources] =
    await Promise.all([
      import('@fastify/otel'),
      import('@opentelemetry/sdk-trace-node'),
      import('@opentelemetry/exporter-trace-otlp-http'),
      import('@opentelemetry/resources'),
    ])
  const provider = new NodeTracerProvider({
    resource: resources
      .resourceFromAttributes({ 'service.name': 'woongkie-talkie' })
      .merge(resources.detectResources({ detectors: [resources.envDetector] })),
    spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter())],
  })
  provider.register()
  const instrumentation = new FastifyOtelInstrumentation({
    // A query holds what people search for.
    requestHook: (span, request) => void span.setAttribute('url.path', request.url.split('?', 1)[0] as string),
  })
  instrumentation.setTracerProvider(provider)
  await fastify.register(instrumentation.plugin())
  // What is not sent yet is, as far as the collector answers.
  fastify.addHook('onClose', () => provider.shutdown())
}

export default fp(tracing, { name: 'tracing' })
