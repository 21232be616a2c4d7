'use strict'

// Subscribes, shows events as they come, publishes. What an event carries is only ever shown as text.

const find = id => document.getElementById(id)
const rowsShown = 200
const pointsShown = 60

let source = null
let received = 0
const figures = new Map()

const list = text => text.split(',').map(part => part.trim()).filter(part => part)

function show(state, text) {
  find('state').className = state
  find('state').textContent = text
}

function subscribe() {
  source?.close()
  const channels = list(find('channels').value)
  if (channels.length === 0) return show('closed', 'name a channel')
  const query = new URLSearchParams(channels.map(name => ['channel', name]))
  const current = source = new EventSource(`events?${query}`)
  show('connecting', 'connecting')
  source.onopen = () => show('open', `subscribed to ${channels.join(', ')}`)
  source.onerror = () => {
    if (current !== source) return
    if (current.readyState === EventSource.CLOSED) show('closed', 'closed by the daemon')
    else show('connecting', 'reconnecting')
  }
  const names = new Set(['message', 'crier.gap', 'crier.end', ...list(find('names').value)])
  for (const name of names) source.addEventListener(name, receive)
}

function receive(event) {
  received += 1
  find('count').textContent = received
  const row = document.createElement('tr')
  if (event.type.startsWith('crier.')) row.className = 'notice'
  for (const text of [new Date().toLocaleTimeString(), event.lastEventId, event.type, event.data]) {
    const cell = document.createElement('td')
    cell.textContent = text
    row.append(cell)
  }
  find('events').prepend(row)
  while (find('events').childElementCount > rowsShown) find('events').lastElementChild.remove()
  if (event.type === 'message') plot(event.data)
}

// An event that is a JSON object with numbers in it is drawn as well, a line for each number.
function plot(data) {
  let values
  try { values = JSON.parse(data) } catch { return }
  if (values === null || typeof values !== 'object' || Array.isArray(values)) return
  for (const [name, value] of Object.entries(values)) {
    if (!Number.isFinite(value)) continue
    const points = figures.get(name) ?? gauge(name)
    if (!points) continue
    points.push(value)
    if (points.length > pointsShown) points.shift()
    draw(name, points)
  }
}

function gauge(name) {
  if (figures.size >= 12) return null
  const card = document.createElement('div')
  card.className = 'gauge'
  card.dataset.name = name
  const label = document.createElement('span')
  label.textContent = name.replaceAll('_', ' ')
  const number = document.createElement('b')
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg')
  svg.setAttribute('viewBox', `0 0 ${pointsShown - 1} 40`)
  svg.setAttribute('preserveAspectRatio', 'none')
  svg.append(document.createElementNS('http://www.w3.org/2000/svg', 'polyline'))
  card.append(label, number, svg)
  find('gauges').append(card)
  find('figures').hidden = false
  const points = []
  figures.set(name, points)
  return points
}

function draw(name, points) {
  const card = [...document.querySelectorAll('.gauge')].find(card => card.dataset.name === name)
  const [low, high] = [Math.min(...points, 0), Math.max(...points, 0)]
  const span = high - low || 1
  const shift = pointsShown - points.length
  card.querySelector('b').textContent = points.at(-1).toLocaleString(undefined, { maximumFractionDigits: 2, notation: Math.abs(points.at(-1)) < 1e12 ? 'standard' : 'scientific' })
  card.querySelector('polyline').setAttribute(
    'points', points.map((value, index) => `${index + shift},${39 - 38 * (value / span - low / span)}`).join(' '))
}

async function publish() {
  const path = find('target').value.split('/').map(encodeURIComponent).join('/')
  const name = find('event').value.trim()
  const query = name ? `?${new URLSearchParams({ event: name })}` : ''
  try {
    const answer = await fetch(`events/${path}${query}`, {
      method: 'POST', headers: { 'Content-Type': 'text/plain; charset=utf-8' }, body: find('data').value,
    })
    const body = await answer.json()
    find('receipt').textContent = answer.ok
      ? `published as ${body.id} to ${body.subscribers} ${body.subscribers === 1 ? 'subscriber' : 'subscribers'}`
      : body.detail
  } catch (error) {
    find('receipt').textContent = `not published: ${error.message}`
  }
}

find('subscribe').addEventListener('submit', event => { event.preventDefault(); subscribe() })
find('publish').addEventListener('submit', event => { event.preventDefault(); publish() })
find('close').addEventListener('click', () => { source?.close(); source = null; show('closed', 'not subscribed') })

subscribe()
