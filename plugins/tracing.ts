import { readFileSync } from 'node:fs'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'

/** Asked every few seconds; nobody looks for their spans. */
const PROBES: ReadonlySet<string> = new Set(['/health', '/ready', '/metrics'])

/**
 * OpenTelemetry traces of HTTP requests, sent by OTLP over HTTP if OTEL_EXPORTER_OTLP_ENDPOINT (or the one for traces)
 * is set. The other OTEL_ variables (service name, headers, sampler) have their usual meaning.
 * @throws Error, one sentence, if tracing is set up and its packages are not installed
 */
async function tracing(fastify: FastifyInstance) {
  const { OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT, OTEL_SDK_DISABLED } = process.env
  if (!(OTEL_EXPORTER_OTLP_ENDPOINT || OTEL_EXPORTER_OTLP_TRACES_ENDPOINT) || OTEL_SDK_DISABLED === 'true') return
  const { FastifyOtelInstrumentation, BatchSpanProcessor, NodeTracerProvider, OTLPTraceExporter, ...resources } =
    await loadPackages()
  const provider = new NodeTracerProvider({
    resource: resources
      .resourceFromAttributes({ 'service.name': 'woongkie-talkie' })
      .merge(resources.detectResources({ detectors: [resources.envDetector] })),
    spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter())],
  })
  provider.register()
  const instrumentation = new FastifyOtelInstrumentation({
    requestHook: (span, request) => {
      span.updateName(`${request.method} ${request.routeOptions.url ?? 'unknown route'}`)
      // A query string holds what people search for.
      span.setAttribute('url.path', request.url.split('?', 1)[0] as string)
    },
    ignorePaths: ({ url }) => PROBES.has(url),
  })
  instrumentation.setTracerProvider(provider)
  await fastify.register(instrumentation.plugin())
  // Spans that are still buffered are sent, provided that the collector answers.
  fastify.addHook('onClose', () => provider.shutdown())
}

/** They weigh half as much as all other packages together, so they are installed and loaded only for tracing. */
async function loadPackages() {
  try {
    const [{ FastifyOtelInstrumentation }, { BatchSpanProcessor, NodeTracerProvider }, exporter, resources] =
      await Promise.all([
        import('@fastify/otel'),
        import('@opentelemetry/sdk-trace-node'),
        import('@opentelemetry/exporter-trace-otlp-http'),
        import('@opentelemetry/resources'),
      ])
    return { FastifyOtelInstrumentation, BatchSpanProcessor, NodeTracerProvider, ...exporter, ...resources }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error
    const { peerDependencies } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
    const packages = Object.entries(peerDependencies).map(([name, version]) => `${name}@${version}`)
    throw new Error(`tracing needs more packages: run npm install --no-save --save-prod ${packages.join(' ')}`)
  }
}

export default fp(tracing, { name: 'tracing' })
