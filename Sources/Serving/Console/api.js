// Requests to crier. Addresses are relative to the page, because a proxy may mount crier below a path.

import * as token from './token.js'

export class Problem extends Error {
  constructor(status, detail, retryAfter) {
    super(detail)
    Object.assign(this, { status, detail, retryAfter })
  }
}

// Says that crier does not accept the token, wherever the 401 comes from.
export const access = new EventTarget()
export const lost = reason => access.dispatchEvent(new CustomEvent('lost', { detail: reason }))

export function address(path, query = []) {
  const url = new URL(path, document.baseURI)
  url.search = new URLSearchParams(query)
  return url.href
}

// A browser takes `.` and `..` out of a path, even when they are encoded; a proxy may do the same.
const hasDots = name => name.split('/').some(part => part === '.' || part === '..')
const encoded = name => hasDots(name) ? encodeURIComponent(name) : name.split('/').map(encodeURIComponent).join('/')

export const channelPath = name => `channels/${/(^|\/)presence$/.test(name) ? encodeURIComponent(name) : encoded(name)}`
export const publishTarget = (name, query = []) =>
  hasDots(name) ? ['events', [['channel', name], ...query]] : [`events/${encoded(name)}`, query]

export async function open(path, { query, method = 'GET', headers = {}, body, signal } = {}) {
  const bearer = token.get()
  if (bearer) headers = { ...headers, Authorization: `Bearer ${bearer}` }
  try {
    return await fetch(address(path, query), { method, headers, body, signal, cache: 'no-store' })
  } catch (error) {
    if (signal?.aborted) throw error
    throw new Problem(0, 'crier does not answer. Is the daemon running?')
  }
}

export async function problem(answer) {
  // A proxy may have answered, in a form of its own.
  const { detail } = await answer.json().catch(() => ({}))
  return new Problem(answer.status, detail ?? `The answer was ${answer.status}.`, Number(answer.headers.get('Retry-After')) || 0)
}

export async function request(path, options = {}) {
  const answer = await open(path, options)
  if (!answer.ok && answer.status !== options.accepts) {
    const refusal = await problem(answer)
    if (answer.status === 401 && !options.quiet) lost(refusal.detail)
    throw refusal
  }
  return answer.headers.get('Content-Type')?.includes('json') ? answer.json() : answer.text()
}

export const post = (path, query, body) =>
  request(path, { query, body, method: 'POST', headers: { 'Content-Type': 'text/plain; charset=utf-8' } })
