// Reads an event stream as the HTML standard says (9.2.6), from chunks that may end anywhere.

export class EventStreamParser {
  #decoder = new TextDecoder()
  #rest = []
  #afterCR = false
  #lastEventID = ''
  #block = { type: '', data: [], id: null }

  constructor({ onEvent, onRetry, lastEventID = '' }) {
    this.onEvent = onEvent
    this.onRetry = onRetry
    this.#lastEventID = lastEventID
  }

  push(chunk) {
    let text = this.#decoder.decode(chunk, { stream: true })
    if (text === '') return
    // CR and LF are one line end, also when a chunk ends between them.
    if (this.#afterCR && text[0] === '\n') text = text.slice(1)
    this.#afterCR = text.endsWith('\r')
    const lines = text.split(/\r\n|[\r\n]/)
    if (lines.length > 1) {
      lines[0] = this.#rest.join('') + lines[0]
      this.#rest = []
    }
    this.#rest.push(lines.pop())
    for (const line of lines) this.#read(line)
  }

  #read(line) {
    if (line === '') return this.#dispatch()
    const colon = line.indexOf(':')
    if (colon === 0) return
    const field = colon < 0 ? line : line.slice(0, colon)
    const value = colon < 0 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1)
    if (field === 'data') this.#block.data.push(value)
    else if (field === 'event') this.#block.type = value
    else if (field === 'id' && !value.includes('\0')) this.#block.id = value
    else if (field === 'retry' && /^[0-9]+$/.test(value)) this.onRetry(Number(value))
  }

  #dispatch() {
    const { type, data, id } = this.#block
    this.#block = { type: '', data: [], id: null }
    if (id !== null) this.#lastEventID = id
    if (data.length === 0) return
    // `id` is what this event says; events such as crier.gap have none, and leave the position where it was.
    this.onEvent({ type: type || 'message', data: data.join('\n'), id, lastEventID: this.#lastEventID })
  }
}
