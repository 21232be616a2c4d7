// Events of a stream of envelopes, as the views show them.

import { plural } from './format.js'

const notices = {
  'crier.gap': ({ lost, requested }) =>
    `${lost === null ? 'Events are missing; their number is not known.' : `Missing: ${plural(lost, 'event')}.`} They came after ${requested}.`,
  'crier.end': ({ channel, session }) => session ? 'Someone ended this session.' : `The channel ${channel} was deleted.`,
  'crier.expired': ({ reason }) => `The grant of this stream is over: ${reason}.`,
}

export function received({ type, id, data, at }) {
  const event = { at, id: id ?? '', channel: '', type, data, notice: '' }
  let value = null
  try { value = JSON.parse(data) } catch { /* What is pushed to one session is no envelope. */ }
  if (type === 'message' && typeof value?.channel === 'string' && typeof value.data === 'string') {
    return { ...event, channel: value.channel, type: value.event ?? 'message', data: value.data }
  }
  if (notices[type] && value) return { ...event, notice: notices[type](value) }
  return { ...event, notice: `Pushed to this session alone: ${data.slice(0, 300)}` }
}
