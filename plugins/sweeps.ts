interface Sweeps {
  every_ms: number
  /** @param now ms since 1970 @param isClosed whether it is to stop as soon as it can */
  work(now: number, isClosed: () => boolean): Promise<void>
  /** Called with what `work` throws, unless the sweeps are closed. */
  failed(error: unknown): void
}

/** Does background work at an interval and on demand, one run after the other. */
export function startSweeps({ every_ms, work, failed }: Sweeps) {
  let sweeping: Promise<void> | null = null
  let closed = false

  async function sweep(now = Date.now()): Promise<void> {
    while (sweeping) await sweeping
    if (closed) return
    sweeping = work(now, () => closed)
      .catch(error => {
        if (!closed) failed(error)
      })
      .finally(() => {
        sweeping = null
      })
    await sweeping
  }

  const timer = setInterval(() => sweeping ?? void sweep(), every_ms)
  timer.unref()

  return {
    /** Resolves when a run that begins after the call has ended. */
    sweep,
    /** Resolves when the run under way has ended; none begins any more. */
    async close() {
      closed = true
      clearInterval(timer)
      await sweeping
    },
  }
}
