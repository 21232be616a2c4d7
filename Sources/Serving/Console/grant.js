// The rights of this caller: the roles of the listener, and with access control the grant as well.

import { request } from './api.js'

const nobody = { controlled: true, subscribe: [], publish: [], admin: false, roles: [] }
let grant = nobody

export const current = () => grant

export async function load() {
  grant = nobody
  grant = { ...nobody, ...await request('access', { quiet: true }) }
}

export function may(right) {
  if (!grant.roles.includes(right)) return false
  if (!grant.controlled) return true
  return right === 'admin' ? grant.admin : grant[right].length > 0
}

const rights = {
  overview: 'admin', channels: 'admin', sessions: 'admin', configuration: 'admin', live: 'subscribe', publish: 'publish',
}
export const views = () => Object.keys(rights).filter(view => may(rights[view]))
