import { readFileSync } from 'node:fs'
import type { SpanProcessor } from '@opentelemetry/sdk-trace-node'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { createSpans, type Spans } from './spans.js'

declare module 'fastify' {
  interface FastifyInstance {
    /** Null if tracing is off. */
    spans: Spans | null
  }
}

/** Asked every few seconds; nobody looks for their spans. */
const PROBES: ReadonlySet<string> = new Set(['/health', '/ready', '/metrics'])

/**
 * OpenTelemetry traces of HTTP requests, WebSocket frames and the store's calls for them, sent by OTLP over HTTP if OTEL_EXPORTER_OTLP_ENDPOINT (or the one for traces)
 * is set. The other OTEL_ variables (service name, headers, sampler) have their usual meaning.
 * @throws Error, one sentence, if tracing is set up and its packages are not installed
 */
async function tracing(fastify: FastifyInstance) {
  const { OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT, OTEL_SDK_DISABLED } = process.env
  if (!(OTEL_EXPORTER_OTLP_ENDPOINT || OTEL_EXPORTER_OTLP_TRACES_ENDPOINT) || OTEL_SDK_DISABLED === 'true') {
    return void fastify.decorate('spans', null)
  }
  const { api, FastifyOtelInstrumentation, BatchSpanProcessor, NodeTracerProvider, OTLPTraceExporter, ...resources } =
    await loadPackages()
  const provider = new NodeTracerProvider({
    resource: resources
      .resourceFromAttributes({ 'service.name': 'woongkie-talkie' })
      .merge(resources.detectResources({ detectors: [resources.envDetector] })),
    spanProcessors: [withoutMessages, new BatchSpanProcessor(new OTLPTraceExporter())],
  })
  provider.register()
  const instrumentation = new FastifyOtelInstrumentation({
    recordExceptions: false,
    requestHook: (span, request) => {
      span.updateName(`${request.method} ${request.routeOptions.url ?? 'unknown route'}`)
      // A query string holds what people search for.
      span.setAttribute('url.path', request.url.split('?', 1)[0] as string)
    },
    ignorePaths: ({ url }) => PROBES.has(url),
  })
  instrumentation.setTracerProvider(provider)
  await fastify.register(instrumentation.plugin())
  const { traceStore, ...spans } = createSpans(api, provider.getTracer('woongkie-talkie'))
  traceStore(fastify.store)
  fastify.decorate('spans', spans)
  // Spans that are still buffered are sent, provided that the collector answers.
  fastify.addHook('onClose', () => provider.shutdown())
}

/** Messages of errors hold what users wrote, such as the name of a room that is taken. */
const withoutMessages: SpanProcessor = {
  onStart() {},
  onEnd: span => void delete span.status.message,
  forceFlush: async () => {},
  shutdown: async () => {},
}

/** They weigh half as much as all other packages together, so they are installed and loaded only for tracing. */
async function loadPackages() {
  try {
    const [api, { FastifyOtelInstrumentation }, { BatchSpanProcessor, NodeTracerProvider }, exporter, resources] =
      await Promise.all([
        import('@opentelemetry/api'),
        import('@fastify/otel'),
        import('@opentelemetry/sdk-trace-node'),
        import('@opentelemetry/exporter-trace-otlp-http'),
        import('@opentelemetry/resources'),
      ])
    return { api, FastifyOtelInstrumentation, BatchSpanProcessor, NodeTracerProvider, ...exporter, ...resources }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error
    const { peerDependencies } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'))
    const packages = Object.entries(peerDependencies).map(([name, version]) => `${name}@${version}`)
    throw new Error(`tracing needs more packages: run npm install --no-save --save-prod ${packages.join(' ')}`)
  }
}

export default fp(tracing, { name: 'tracing', dependencies: ['store'] })
