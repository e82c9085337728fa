import type { Context, Span, SpanOptions, Tracer } from '@opentelemetry/api'
import type { Store } from '../store/index.js'

/** OpenTelemetry's API, which is installed and loaded only for tracing. */
export type Api = typeof import('@opentelemetry/api')

/** Spans beside those of requests. */
export interface Spans {
  /** Handles a WebSocket frame in a span of its own, to which its store calls belong. @param type known to be a frame's */
  frame<T>(type: string, handle: () => Promise<T>): Promise<T>
}

/** Methods whose calls belong to no request. */
const UNTRACED: ReadonlySet<string> = new Set(['close', 'gather', 'observe', 'ping'])

type Method = (...args: unknown[]) => unknown

/** Names and attributes hold operations and error codes only, never what users wrote. */
export function createSpans(api: Api, tracer: Tracer): Spans & { traceStore(store: Store): void } {
  const { context, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } = api

  async function run<T>(name: string, options: SpanOptions, from: Context, work: () => T | Promise<T>): Promise<T> {
    const span: Span = tracer.startSpan(name, options, from)
    try {
      return await context.with(trace.setSpan(from, span), work)
    } catch (error) {
      const { code, name } = error as Error & { code?: unknown }
      span.setStatus({ code: SpanStatusCode.ERROR })
      span.setAttribute('error.type', typeof code === 'string' ? code : name)
      throw error
    } finally {
      span.end()
    }
  }

  return {
    frame(type, handle) {
      // Not below the request that opened the socket, which ended long ago.
      return run(`frame ${type}`, { kind: SpanKind.SERVER }, ROOT_CONTEXT, handle)
    },

    /**
     * Traces the calls of a store's methods for requests and frames. Background work has no span, so its calls have none.
     * An append belongs to the request or frame that came first of those that it stores together.
     */
    traceStore(store) {
      const system = store.shared ? 'mongodb' : 'sqlite'
      const methods = store as unknown as Record<string, unknown>
      for (const [name, method] of Object.entries(methods)) {
        if (typeof method !== 'function' || UNTRACED.has(name)) continue
        const attributes = { 'db.system.name': system, 'db.operation.name': name }
        const call = method as Method
        methods[name] = (...args: unknown[]) =>
          trace.getActiveSpan()?.isRecording()
            ? run(`store ${name}`, { kind: SpanKind.CLIENT, attributes }, context.active(), () => call(...args))
            : call(...args)
      }
      const { gather } = store
      // Its callback is called by another append's end, whose context is not the caller's.
      if (gather) store.gather = append => gather(context.bind(context.active(), append))
    },
  }
}
