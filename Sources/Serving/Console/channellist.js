// The channels that the page knows, read in pages of 250 up to 10,000, in the order of crier.

import { look } from './activity.js'
import { request } from './api.js'

export const most = 10_000
const atOnce = 4

async function read(after, signal) {
  const { channels, next } = await request('channels', { query: after ? [['after', after]] : [], signal })
  channels.forEach(look)
  return { after, rows: channels, next }
}

export class ChannelList {
  #pages = []
  #turn = 0

  get rows() { return this.#pages.flatMap(({ rows }) => rows) }
  get hasMore() { return Boolean(this.#pages.at(-1)?.next) }

  // Begins with the channels that sort after a name.
  async load(after, signal, tell) {
    this.#pages = []
    do {
      this.#pages.push(await read(after, signal))
      after = this.#pages.at(-1).next
      tell()
    } while (after && this.rows.filter(({ channel }) => channel[0] !== '$').length < most)
  }

  // Reads the pages again that have these channels, a few at a time.
  async refresh(names, signal) {
    const shown = this.#pages.filter(page => page.rows.some(({ channel }) => names.has(channel)))
    const wanted = shown.length ? shown : this.#pages.slice(-1)
    for (let count = Math.min(atOnce, wanted.length); count > 0; count -= 1) {
      const page = wanted[(this.#turn += 1) % wanted.length]
      const fresh = await read(page.after, signal)
      // Where channels are gone, crier fills the page with the first ones of the following page.
      const following = new Set(this.#pages[this.#pages.indexOf(page) + 1]?.rows.map(({ channel }) => channel))
      page.rows = fresh.rows.filter(({ channel }) => !following.has(channel))
      if (page === this.#pages.at(-1)) page.next = fresh.next
    }
  }
}
