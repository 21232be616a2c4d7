// Asks again and again while the tab is visible. `now` asks at once, and forgets a question that is under way.

export function poll(seconds, ask, problem) {
  let abort = null
  let timer = null
  let isOver = false

  async function now() {
    clearTimeout(timer)
    abort?.abort()
    if (isOver || document.hidden) return
    const { signal } = abort = new AbortController()
    try {
      await ask(signal)
      problem?.clear()
    } catch (error) {
      if (!signal.aborted) problem?.show(error)
    }
    if (!signal.aborted) timer = setTimeout(now, seconds * 1000)
  }
  document.addEventListener('visibilitychange', now)
  now()

  return {
    now,
    stop() {
      isOver = true
      now()
      document.removeEventListener('visibilitychange', now)
    },
  }
}
