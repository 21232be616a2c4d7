// A live view. It takes events once a frame and keeps a bounded number of them, so that a burst does not freeze the page.

import { announce, bdi, button, h, hint, search, set, visible } from './dom.js'
import { Bounded, kept } from './bounded.js'
import { count, exact, moment, plural, time } from './format.js'
import { coloured, indented } from './json.js'
import { copyButton } from './copy.js'
import { publishCommand } from './shell.js'
import { received } from './received.js'
import { Stream } from './stream.js'

const preview = 600
const longest = 200_000
// An argument of a command has 128 KiB on Linux.
const longestCommand = 100_000
// After it has drawn many rows the view waits, in milliseconds.
const rest = 250

function details({ id, channel, data, at, type, notice }) {
  const facts = [moment(at), id && `id ${visible(id)}`, plural(data.length, 'character'), data.length > longest && `${count(longest)} shown`]
  return h('div.details',
    h('pre', { tabindex: 0, role: 'region', 'aria-label': 'Data' }, coloured(data.slice(0, longest))),
    h('p.buttons', h('span.hint', facts.filter(part => part).join(' · ')),
      !notice && data.length < longestCommand && copyButton('Copy as curl',
        () => publishCommand({ channel, data, query: type === 'message' ? [] : [['event', type]] }), '.small')))
}

function row(event, isIndented) {
  const { at, channel, type, notice, data } = event
  const text = isIndented ? indented(data) : data
  const element = h('details', h('summary',
    h('time', { title: moment(at) }, time(at)),
    h('bdi.channel', visible(notice ? type : channel)),
    h(`span.data${isIndented ? '.indented' : ''}`,
      !notice && type !== 'message' && [h('bdi.type', visible(type)), ' '],
      notice ? visible(notice) : text.length > preview ? `${text.slice(0, preview)}…` : text || h('i', 'empty'))))
  element.addEventListener('toggle', () => {
    if (element.open && element.childElementCount === 1) element.append(details(event))
  })
  return h(notice ? 'li.notice' : 'li', element)
}

// `isSingle`: all events are of one channel, so the rows leave it out.
export function feed({ onEvents, onState, isSingle, empty = 'No event yet. The next one appears here.' }) {
  const events = new Bounded()
  const waiting = new Bounded()
  let queue = []
  let fresh = []
  let total = 0
  let isPaused = false
  let isScheduled = false
  let restsUntil = 0
  let pattern = null
  let stream = null

  const list = h(isSingle ? 'ol.feed.single' : 'ol.feed')
  const words = h('p.empty')
  const status = h('span', 'Not subscribed')
  const state = h('p.state', h('i.dot'), status)
  const counts = hint()
  const filter = search('Filter by text', () => {
    // The filter is a text, and no expression.
    pattern = filter.value ? new RegExp(filter.value.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'), 'i') : null
    redraw()
  })
  const pause = button('Pause', toggle)
  const indent = h('input', { type: 'checkbox', onchange: redraw })
  const element = h('section.card.feedcard', { 'aria-label': 'Events' },
    h('header.tools', state, filter, pause, button('Clear', clear), h('label.check', indent, 'Indent JSON')),
    counts, words, list)

  const matches = event => !pattern || [event.channel, event.type, event.data, event.id, event.notice].some(text => pattern.test(text))

  function take(event) {
    total += 1
    queue.push({ ...event, at: Date.now() })
    if (queue.length > 2 * kept) queue = queue.slice(-kept)
    if (isScheduled) return
    isScheduled = true
    requestAnimationFrame(flush)
  }

  function flush() {
    const batch = queue.slice(-kept).map(received)
    queue = []
    for (const event of batch) (isPaused ? waiting : events).push(event)
    if (!isPaused) fresh = [...fresh, ...batch].slice(-kept)
    onEvents?.(batch)
    isScheduled = performance.now() < restsUntil
    if (isScheduled) requestAnimationFrame(flush)
    else draw()
  }

  function draw() {
    const rows = fresh.filter(matches).map(event => row(event, indent.checked)).reverse()
    fresh = []
    if (rows.length > 30) restsUntil = performance.now() + rest
    if (rows.length < 6) for (const node of rows) node.classList.add('fresh')
    list.prepend(...rows)
    while (list.childElementCount > kept) list.lastElementChild.remove()
    say()
  }

  function redraw() {
    list.replaceChildren()
    fresh = [...events.items]
    draw()
  }

  function say() {
    const left = events.items.length + waiting.items.length
    const found = events.items.filter(matches).length
    set(counts, [`${plural(total, 'event')} received`, total > left && `the oldest ${count(total - left)} dropped, ${count(left)} kept`,
      pattern && `${count(found)} match the filter`].filter(part => part).join(' · '), exact(total))
    counts.hidden = total === 0
    words.hidden = found > 0
    set(words, pattern && events.items.length ? 'No event matches the filter.' : empty)
    set(pause, isPaused ? `Continue (${count(waiting.items.length)} wait)` : 'Pause')
  }

  function toggle() {
    isPaused = !isPaused
    pause.setAttribute('aria-pressed', isPaused)
    if (!isPaused) {
      for (const event of waiting.items) events.push(event)
      fresh.push(...waiting.items)
      waiting.clear()
    }
    announce(isPaused ? 'Paused. New events wait.' : 'The view goes on.')
    draw()
  }

  function clear() {
    events.clear()
    waiting.clear()
    queue = []
    fresh = []
    total = 0
    list.replaceChildren()
    say()
  }

  function close() {
    stream?.close()
    stream = null
    state.className = 'state'
    set(status, 'Not subscribed')
  }

  function subscribe(query, channels) {
    close()
    stream = new Stream({
      query: [...query, ['envelope', '1']],
      onEvent: take,
      onState: now => {
        state.className = `state ${now.state}`
        set(status, now.state === 'open' ? `Subscribed to ${channels}` : now.detail)
        onState?.(now)
      },
    })
  }

  say()
  return { element, subscribe, close, clear }
}
