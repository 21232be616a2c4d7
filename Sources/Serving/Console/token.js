// The token lives as long as the tab. It is in no address, and in no other storage.

import { read, write } from './storage.js'

let value = read('sessionStorage', 'crier.token')
export const get = () => value

export function set(token) {
  value = token
  write('sessionStorage', 'crier.token', token)
}
