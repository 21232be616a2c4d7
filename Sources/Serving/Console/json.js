// Indents JSON by white space only, so that long numbers and repeated members stay as they were sent.

import { h } from './dom.js'

const deepest = 40
const longest = 100_000
const token = /"(?:[^"\\]|\\.)*"|[[\]{},:]|[^\s[\]{},:"]+/g

const isJSON = text => {
  if (!/^\s*[[{]/.test(text)) return false
  try { JSON.parse(text) } catch { return false }
  return true
}

// Pieces [kind, text]; null for what is no JSON object or array, or too long.
function pieces(text) {
  if (text.length > longest || !isJSON(text)) return null
  const result = []
  let depth = 0
  const line = () => result.push(['', `\n${'  '.repeat(Math.min(depth, deepest))}`])
  const tokens = text.match(token)
  tokens.forEach((piece, index) => {
    const next = tokens[index + 1]
    if (']}'.includes(piece)) {
      depth -= 1
      if (!'[{'.includes(tokens[index - 1])) line()
    }
    const kind = piece[0] === '"' ? (next === ':' ? 'notice' : 'good') : /[[\]{},:]/.test(piece) ? '' : 'warning'
    result.push([kind, piece === ':' ? ': ' : piece])
    if ('[{'.includes(piece)) depth += 1
    if (piece === ',' || ('[{'.includes(piece) && !']}'.includes(next))) line()
  })
  return result
}

export const indented = text => pieces(text)?.map(([, piece]) => piece).join('') ?? text

export function coloured(text) {
  const parts = pieces(text)
  if (!parts || parts.length > 4000) return [indented(text)]
  return parts.map(([kind, piece]) => kind ? h(`span.${kind}`, piece) : piece)
}
