// Builds elements: h('p.hint', { title }, 'text', child). Nothing here ever reads markup.

const build = create => (selector, ...parts) => {
  const [tag, ...classes] = selector.split('.')
  const element = create(tag)
  if (classes.length) element.setAttribute('class', classes.join(' '))
  const isAttributes = parts[0]?.constructor === Object
  for (const [name, value] of Object.entries(isAttributes ? parts.shift() : {})) {
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value)
    else if (typeof value === 'boolean') element.toggleAttribute(name, value)
    else if (value !== null && value !== undefined) element.setAttribute(name, value)
  }
  element.append(...parts.flat(2).filter(child => child !== null && child !== undefined && child !== false))
  return element
}
export const h = build(tag => document.createElement(tag))
export const svg = build(tag => document.createElementNS('http://www.w3.org/2000/svg', tag))

// Text that did not change keeps its selection.
export function set(element, text, title) {
  if (element.textContent !== text) element.textContent = text
  if (title !== undefined && element.title !== title) element.title = title
}

// Characters that move or hide text would let one name look like another, so they show as their code.
const unseen = /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\u{e0000}-\u{e007f}]/gu
export const visible = text =>
  String(text).replace(unseen, character => `⟨U+${character.codePointAt(0).toString(16).toUpperCase().padStart(4, '0')}⟩`)
export const bdi = text => h('bdi', visible(text))

// Says something to a screen reader.
export const announce = text => { document.getElementById('announce').textContent = text }

let last = 0
export const newID = () => `i${last += 1}`

// The pieces that views are made of.

export const hint = (...content) => h('p.hint', ...content)
export const button = (label, onclick, kind = '', more) => h(`button${kind}`, { type: 'button', onclick, ...more }, label)
export const text = attributes => h('input', { spellcheck: 'false', autocapitalize: 'off', autocomplete: 'off', ...attributes })
export const search = (label, oninput, value = '') => text({ type: 'search', 'aria-label': label, placeholder: label, value, oninput })
export const card = (title, ...content) => h('section.card', h('header', h('h2', title)), content)

export function field(label, control, kind = '') {
  control.id = newID()
  return h(`div.field${kind}`, h('label', { for: control.id }, label), control)
}

export const options = (values, chosen, onchange) =>
  h('select', { onchange }, values.map(([value, label]) => h('option', { value, selected: value === chosen }, label)))

// Figures with their names; `put` adds a new one.
export function facts(labels, kind = '') {
  const element = h(`dl.facts${kind}`)
  const values = new Map()
  const put = (label, content, title) => {
    if (!values.has(label)) {
      values.set(label, h('dd'))
      element.append(h('div', h('dt', label), values.get(label)))
    }
    set(values.get(label), visible(content ?? '–'), title)
  }
  for (const label of labels) put(label)
  return { element, put, at: label => values.get(label) }
}

// A place for what went wrong; `words` has other words for some statuses.
export function problem(words = {}) {
  const element = h('p.problem', { role: 'alert', hidden: true })
  return {
    element,
    show(error) {
      element.hidden = false
      set(element, words[error.status] ?? error.detail ?? String(error))
    },
    clear: () => { element.hidden = true },
  }
}

export function pager(label, back, on) {
  const place = hint()
  const [previous, next] = [button('Previous', back), button('Next', on)]
  const element = h('nav.pager', { 'aria-label': label }, previous, place, next)
  const show = (isFirst, isLast, words) => {
    element.hidden = isFirst && isLast
    previous.disabled = isFirst
    next.disabled = isLast
    set(place, words)
  }
  return { element, show }
}
