// A list that forgets its oldest events: by their number, and by the characters of their data.

export const kept = 1000
const characters = 16 * 2 ** 20

export class Bounded {
  items = []
  #size = 0

  push(event) {
    this.items.push(event)
    this.#size += event.data.length
    while (this.items.length > kept || (this.#size > characters && this.items.length > 1)) {
      this.#size -= this.items.shift().data.length
    }
  }

  clear() {
    this.items = []
    this.#size = 0
  }
}
