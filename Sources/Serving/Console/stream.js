// One event stream, read with fetch because an EventSource sends no Authorization. It closes while the tab is hidden: a
// browser has six connections for all tabs of an origin.

import { lost, open, problem } from './api.js'
import { EventStreamParser } from './eventstream.js'

const longest = 30_000
// Reading must leave time to draw.
const slice = 12

export class Stream {
  #abort = null
  #timer = null
  #failures = 0
  #retry = 3000
  #position = ''
  #closed = false

  // `silence`: after so many milliseconds without a byte it reconnects.
  constructor({ query, onEvent, onState, resumes = true, silence = 0 }) {
    Object.assign(this, { query, onEvent, onState, resumes, silence })
    document.addEventListener('visibilitychange', this.#look)
    this.#look()
  }

  close() {
    this.#closed = true
    document.removeEventListener('visibilitychange', this.#look)
    this.#stop()
  }

  #look = () => {
    if (document.hidden) {
      this.#stop()
      this.#say('hidden', 'Paused while hidden')
    } else if (!this.#abort) {
      this.#connect()
    }
  }

  #stop() {
    clearTimeout(this.#timer)
    this.#abort?.abort()
    this.#abort = null
  }

  #say(state, detail = '') {
    if (!this.#closed) this.onState({ state, detail })
  }

  #end(state, detail) {
    this.#say(state, detail)
    this.close()
  }

  async #connect() {
    const abort = this.#abort = new AbortController()
    clearTimeout(this.#timer)
    this.#say('connecting', 'Connecting')
    let failure = 'The connection ended.'
    try {
      const headers = { Accept: 'text/event-stream' }
      if (this.resumes && this.#position) headers['Last-Event-ID'] = this.#position
      const answer = await open('events', { query: this.query, headers, signal: abort.signal })
      if (answer.status === 204) return this.#end('ended', 'The channel was deleted. It opens again when someone publishes to it.')
      if (answer.ok) {
        this.#say('open')
        if (await this.#read(answer.body, abort)) return
      } else {
        const refusal = await problem(answer)
        if (answer.status < 500 && answer.status !== 429) {
          this.#end('refused', refusal.detail)
          return answer.status === 401 && lost(refusal.detail)
        }
        failure = refusal.detail
        this.#retry = Math.max(this.#retry, refusal.retryAfter * 1000)
      }
    } catch (error) {
      failure = error.detail ?? failure
    }
    if (this.#closed || abort !== this.#abort) return
    abort.abort()
    this.#wait(failure)
  }

  #wait(failure) {
    const delay = Math.min(longest, this.#retry * 2 ** this.#failures) * (0.8 + 0.4 * Math.random())
    this.#failures += 1
    const until = Date.now() + delay
    const tick = () => {
      const left = until - Date.now()
      if (left <= 0) return this.#connect()
      this.#say('waiting', `${failure} Reconnecting in ${Math.ceil(left / 1000)} s.`)
      this.#timer = setTimeout(tick, Math.min(left, 1000))
    }
    tick()
  }

  // Returns true when the stream is over for good.
  async #read(body, abort) {
    let expired = null
    const parser = new EventStreamParser({
      lastEventID: this.#position,
      onRetry: milliseconds => { this.#retry = Math.max(milliseconds, 100) },
      onEvent: event => {
        this.#position = event.lastEventID
        if (event.type === 'crier.expired') expired = event.data
        this.onEvent(event)
      },
    })
    const reader = body.getReader()
    let watch = null
    let began = performance.now()
    try {
      for (;;) {
        if (this.silence) {
          clearTimeout(watch)
          watch = setTimeout(() => reader.cancel(), this.silence)
        }
        const { done, value } = await reader.read()
        if (done) break
        if (abort.signal.aborted) return true
        this.#failures = 0
        parser.push(value)
        if (performance.now() - began > slice) {
          await new Promise(resolve => setTimeout(resolve))
          began = performance.now()
        }
      }
    } finally {
      clearTimeout(watch)
    }
    if (expired === null) return false
    this.#end('refused', 'The token has expired.')
    lost(`Your token ${expired.includes('revoked') ? 'was revoked' : 'has expired'}. Sign in with another one.`)
    return true
  }
}
