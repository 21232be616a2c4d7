// An event that is a JSON object with numbers in it is drawn as well, a line for each number.

import { bdi, card, h, svg } from './dom.js'

const points = 60
const most = 12

const figure = value => value.toLocaleString('en', { maximumFractionDigits: 2 })

function draw({ values, number, line }) {
  const [low, high] = [Math.min(...values), Math.max(...values)]
  // A value that does not change is a line in the middle.
  const height = value => high > low ? 39 - 38 * (value / (high - low) - low / (high - low)) : 20
  const step = (points - 1) / Math.max(values.length - 1, 20)
  number.textContent = figure(values.at(-1))
  number.title = `lately ${figure(low)} to ${figure(high)}`
  line.setAttribute('points', values.map((value, index) =>
    `${(points - 1 - (values.length - 1 - index) * step).toFixed(1)},${height(value).toFixed(1)}`).join(' '))
}

export function gauges() {
  const all = new Map()
  const grid = h('div.gauges')
  const element = card('Figures in the data', grid)
  const clear = () => {
    all.clear()
    grid.replaceChildren()
    element.hidden = true
  }
  clear()

  function add(key, channel, name) {
    if (all.size >= most) return null
    const number = h('b')
    const line = svg('polyline')
    grid.append(h('div.gauge', h('p', h('span', bdi(channel), ' · '), bdi(name.replaceAll('_', ' '))), number,
      svg('svg', { viewBox: `0 0 ${points - 1} 40`, preserveAspectRatio: 'none', 'aria-hidden': 'true' }, line)))
    element.hidden = false
    all.set(key, { values: [], number, line })
    return all.get(key)
  }

  function take(events) {
    const changed = new Set()
    for (const { channel, data, notice } of events.slice(-points)) {
      if (notice || data[0] !== '{' || data.length > 10_000) continue
      let values
      try { values = JSON.parse(data) } catch { continue }
      for (const [name, value] of Object.entries(values)) {
        if (!Number.isFinite(value)) continue
        const key = `${channel}\n${name}`
        const gauge = all.get(key) ?? add(key, channel, name)
        if (!gauge) continue
        gauge.values.push(value)
        if (gauge.values.length > points) gauge.values.shift()
        changed.add(gauge)
      }
    }
    changed.forEach(draw)
  }

  return { element, clear, take }
}
