'use strict'

// Subscribes, shows events as they come, publishes. What an event carries is only ever shown as text.

const find = id => document.getElementById(id)
const rowsShown = 200
const pointsShown = 60
const figuresShown = 12

let source = null
let received = 0
// Events that came while the list is paused; the newest last.
let held = null
const figures = new Map()

const list = text => text.split(',').map(part => part.trim()).filter(part => part)
const channels = () => list(find('channels').value)

function show(state, text) {
  find('state').className = state
  find('state').textContent = text
}

// Subscribing. With envelope=1 an event says its channel and its name, so that one listener gets them all.

const subscription = () => `events?${new URLSearchParams([...channels().map(name => ['channel', name]), ['envelope', '1']])}`

function subscribe() {
  close()
  const names = channels()
  if (names.length === 0) return show('closed', 'name a channel')
  history.replaceState(null, '', `?${new URLSearchParams(names.map(name => ['channel', name]))}`)
  clearFigures()
  const url = subscription()
  const current = source = new EventSource(url)
  show('connecting', 'connecting')
  source.onopen = () => show('open', `subscribed to ${names.join(', ')}`)
  source.onerror = () => {
    if (current !== source) return
    if (current.readyState !== EventSource.CLOSED) return show('connecting', 'reconnecting')
    show('closed', 'closed by the daemon')
    explain(url, current)
  }
  source.onmessage = event => receive({ id: event.lastEventId, ...JSON.parse(event.data) })
  for (const name of ['crier.gap', 'crier.end']) {
    // These have no id: the position of the stream stays where it was.
    source.addEventListener(name, event => receive({ id: '', event: name, channel: '', data: event.data, isNotice: true }))
  }
}

// An EventSource does not say why it was refused, so ask once more and read the answer.
async function explain(url, current) {
  const abort = new AbortController()
  try {
    const answer = await fetch(url, { headers: { Accept: 'text/event-stream' }, signal: abort.signal })
    if (current !== source) return
    if (answer.status === 204) return show('closed', 'deleted; it opens again when someone publishes to it')
    if (!answer.ok) show('closed', (await answer.json()).detail)
  } catch {
    // The state already says that the stream is closed.
  } finally {
    abort.abort()
  }
}

function close() {
  source?.close()
  source = null
  show('closed', 'not subscribed')
}

// Events

function receive(event) {
  received += 1
  find('count').textContent = received
  if (!event.isNotice) plot(event)
  event.time = new Date().toLocaleTimeString()
  if (held) return hold(event)
  add(event)
}

function hold(event) {
  held.push(event)
  if (held.length > rowsShown) held.shift()
  find('pause').textContent = `Continue (${held.length})`
}

function add(event) {
  find('empty').hidden = true
  find('table').hidden = false
  const row = document.createElement('tr')
  if (event.isNotice) row.className = 'notice'
  const text = typeof event.data === 'string' ? event.data : JSON.stringify(event.data)
  for (const [name, value] of [
    ['time', event.time], ['channel', event.channel], ['event', event.event ?? ''], ['data', text], ['id', event.id],
  ]) {
    const cell = document.createElement('td')
    cell.className = name
    cell.textContent = value
    row.append(cell)
  }
  row.querySelector('.data').dataset.text = text
  indent(row)
  find('events').prepend(row)
  while (find('events').childElementCount > rowsShown) find('events').lastElementChild.remove()
}

function indent(row) {
  const cell = row.querySelector('.data')
  cell.textContent = cell.dataset.text
  if (!find('pretty').checked) return
  try { cell.textContent = JSON.stringify(JSON.parse(cell.dataset.text), null, 2) } catch { /* It is not JSON. */ }
}

function pause() {
  const waiting = held
  held = held ? null : []
  find('pause').textContent = held ? 'Continue' : 'Pause'
  find('pause').setAttribute('aria-pressed', held !== null)
  for (const event of waiting ?? []) add(event)
}

function clear() {
  find('events').replaceChildren()
  find('table').hidden = true
  find('empty').hidden = false
  if (held) held = []
}

// Figures: an event that is a JSON object with numbers in it is drawn as well, a line for each number.

function plot({ channel, data }) {
  let values = data
  if (typeof data === 'string') try { values = JSON.parse(data) } catch { return }
  if (values === null || typeof values !== 'object' || Array.isArray(values)) return
  for (const [name, value] of Object.entries(values)) {
    if (!Number.isFinite(value)) continue
    const key = `${channel}\n${name}`
    const figure = figures.get(key) ?? gauge(key, channel, name)
    if (!figure) continue
    figure.points.push(value)
    if (figure.points.length > pointsShown) figure.points.shift()
    draw(figure)
  }
}

function gauge(key, channel, name) {
  if (figures.size >= figuresShown) return null
  const card = document.createElement('div')
  card.className = 'gauge'
  card.title = channel
  const label = document.createElement('span')
  label.textContent = name.replaceAll('_', ' ')
  const number = document.createElement('b')
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg')
  svg.setAttribute('viewBox', `0 0 ${pointsShown - 1} 40`)
  svg.setAttribute('preserveAspectRatio', 'none')
  const line = document.createElementNS('http://www.w3.org/2000/svg', 'polyline')
  svg.append(line)
  card.append(label, number, svg)
  find('gauges').append(card)
  find('figures').hidden = false
  const figure = { points: [], number, line }
  figures.set(key, figure)
  return figure
}

function draw({ points, number, line }) {
  const last = points.at(-1)
  const [low, high] = [Math.min(...points), Math.max(...points)]
  // A value that does not change is a line in the middle.
  const height = value => high > low ? 39 - 38 * (value / (high - low) - low / (high - low)) : 20
  const step = (pointsShown - 1) / Math.max(1, points.length - 1)
  number.textContent = last.toLocaleString(
    undefined, { maximumFractionDigits: 2, notation: Math.abs(last) < 1e12 ? 'standard' : 'scientific' })
  line.setAttribute('points', points.map((value, index) => `${index * step},${height(value)}`).join(' '))
}

function clearFigures() {
  figures.clear()
  find('gauges').replaceChildren()
  find('figures').hidden = true
}

// The list of channels: only where this address may administer.

async function listChannels() {
  if (document.hidden) return
  try {
    const answer = await fetch('channels')
    if (!answer.ok) return
    const page = await answer.json()
    find('list').hidden = page.channels.length === 0
    find('known').replaceChildren(...page.channels.map(entry), ...(page.next ? [more()] : []))
  } catch {
    // The daemon is away; the next look may find it.
  }
}

function entry({ channel, subscribers, events }) {
  const item = document.createElement('li')
  const button = document.createElement('button')
  button.type = 'button'
  button.textContent = channel
  button.title = `Subscribe to ${channel}`
  button.addEventListener('click', () => {
    find('channels').value = channel
    find('target').value = channel
    subscribe()
  })
  const counts = document.createElement('small')
  counts.textContent = `${events} ${events === 1 ? 'event' : 'events'}, ${subscribers} subscribed by name`
  item.append(button, counts)
  return item
}

function more() {
  const item = document.createElement('li')
  item.textContent = '… and more: curl ' + new URL('channels', location.href)
  return item
}

// Publishing

function publication() {
  const path = find('target').value.trim().split('/').map(encodeURIComponent).join('/')
  const name = find('event').value.trim()
  return `events/${path}${name ? `?${new URLSearchParams({ event: name })}` : ''}`
}

async function publish() {
  if (!find('target').value.trim()) return find('receipt').textContent = 'name a channel'
  try {
    const answer = await fetch(publication(), {
      method: 'POST', headers: { 'Content-Type': 'text/plain; charset=utf-8' }, body: find('data').value,
    })
    const body = await answer.json()
    find('receipt').textContent = answer.ok
      ? `published as ${body.id} to ${body.subscribers} ${body.subscribers === 1 ? 'subscriber' : 'subscribers'}`
      : body.detail
    listChannels()
  } catch {
    find('receipt').textContent = 'not published: the daemon does not answer'
  }
}

// A shell takes everything between single quotation marks as it is.
const quoted = text => `'${text.replaceAll("'", `'\\''`)}'`

async function copy(button, text) {
  const label = button.textContent
  try {
    await navigator.clipboard.writeText(text)
    button.textContent = 'Copied'
  } catch {
    button.textContent = 'The browser does not allow it'
  }
  setTimeout(() => { button.textContent = label }, 1500)
}

const absolute = path => quoted(new URL(path, location.href).href)

find('subscribe').addEventListener('submit', event => { event.preventDefault(); subscribe() })
find('publish').addEventListener('submit', event => { event.preventDefault(); publish() })
find('close').addEventListener('click', close)
find('pause').addEventListener('click', pause)
find('clear').addEventListener('click', clear)
find('pretty').addEventListener('change', () => { for (const row of find('events').children) indent(row) })
find('copy-subscribe').addEventListener('click', event => copy(event.target, `curl -N ${absolute(subscription())}`))
find('copy-publish').addEventListener(
  'click', event => copy(event.target, `curl --data-raw ${quoted(find('data').value)} ${absolute(publication())}`))

// Both forms begin with the same channel.
const asked = new URLSearchParams(location.search).getAll('channel')
find('channels').value = asked.length > 0 ? asked.join(', ') : '**'
find('target').value = asked.find(name => !name.includes('*')) ?? 'news'
subscribe()
listChannels()
setInterval(listChannels, 5000)
