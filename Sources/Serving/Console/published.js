// The events that you published from this browser, the newest first. Never the token.

import { read, write } from './storage.js'

const most = 20
const longest = 8192

export const all = () => JSON.parse(read('localStorage', 'crier.published')) ?? []
export const clear = () => write('localStorage', 'crier.published', null)

export function add({ channel, data, query }, { id }) {
  const entry = { at: Date.now(), channel, query, id, data: data.slice(0, longest), isCut: data.length > longest }
  write('localStorage', 'crier.published', JSON.stringify([entry, ...all()].slice(0, most)))
}
