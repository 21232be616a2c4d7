// Commands for a POSIX shell that do what the page does.

import * as token from './token.js'
import { address, publishTarget } from './api.js'

// A shell takes everything between single quotation marks as it is.
const quoted = text => `'${text.replaceAll("'", `'\\''`)}'`

// A terminal acts on control characters, and no argument carries NUL, so printf makes them.
const control = /[\0-\x08\x0b-\x1f\x7f]/g
const escaped = text => text.replaceAll('\\', '\\\\')
  .replace(control, character => `\\0${character.charCodeAt(0).toString(8).padStart(3, '0')}`)

// The token itself stays out of the clipboard and out of the shell's history.
const credential = () => token.get() ? ' -H "Authorization: Bearer $TOKEN"' : ''

export const subscribeCommand = query => `curl -N${credential()} ${quoted(address('events', query))}`

export function publishCommand({ channel, data, query = [] }) {
  const url = quoted(address(...publishTarget(channel, query)))
  return data.search(control) >= 0
    ? `printf '%b' ${quoted(escaped(data))} | curl${credential()} --data-binary @- ${url}`
    : `curl${credential()} --data-raw ${quoted(data)} ${url}`
}
