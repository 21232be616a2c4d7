// Lines of the last five minutes. To assistive technology a chart is a slider, because arrow keys move along it.

import { h, newID, set, svg } from './dom.js'
import { span } from './figures.js'
import { time } from './format.js'

const above = 14
const below = 20
const right = 10

// The top of the axis: 1, 2, 4 or 5 times a power of ten; for bytes a power of two.
function top(value, isBinary) {
  if (!(value > 0)) return isBinary ? 1024 : 1
  if (isBinary) return 2 ** Math.ceil(Math.log2(value))
  const power = 10 ** Math.floor(Math.log10(value))
  return [1, 2, 4, 5, 10].map(step => step * power).find(step => step >= value * 0.999)
}

export function chart({ label, series, format, isBinary, least = 0 }) {
  const summary = h('p.unseen', { id: newID() })
  const tip = h('div.tip', { hidden: true, 'aria-hidden': 'true' })
  const plot = svg('svg', { 'aria-hidden': 'true' })
  const element = h('div.chart', {
    tabindex: 0, role: 'slider', 'aria-label': label, 'aria-describedby': summary.id, 'aria-readonly': 'true',
    'aria-valuemin': -span, 'aria-valuemax': 0, 'aria-valuenow': 0, 'aria-valuetext': 'no figures yet',
  }, plot, tip, summary)
  let samples = []
  let chosen = null
  let width = 0
  let base = 0

  const has = (sample, { key }) => Number.isFinite(sample?.[key])
  const end = () => samples.at(-1)?.time
  const x = moment => (width - right) * (1 - (end() - moment) / span)

  function draw() {
    if (!width || !samples.length) return
    const now = samples.at(-1)
    const values = samples.flatMap(sample => series.map(({ key }) => sample[key] ?? 0))
    const maximum = Math.max(top(Math.max(...values), isBinary), least)
    const y = value => base - (base - above) * value / maximum
    const nodes = [0, maximum / 2, maximum].map(value => svg('line', { x2: width, y1: y(value), y2: y(value) }))
    const labels = [maximum / 2, maximum].map(value => svg('text', { y: y(value) - 4 }, format(value)))
    for (let minute = 0; minute < 5; minute += width < 340 ? 2 : 1) {
      const [text, anchor, at] = minute ? [`−${minute} min`, 'middle', x(end() - minute * 60)] : ['now', 'end', width]
      labels.push(svg('text', { x: at, y: base + 16, 'text-anchor': anchor }, text))
    }
    const dot = (kind, sample, one) => {
      if (has(sample, one)) nodes.push(svg(`circle.${kind}${one.kind ?? ''}`, { cx: x(sample.time), cy: y(sample[one.key]), r: 3 }))
    }
    for (const one of series) {
      let path = ''
      let first = null
      samples.forEach((sample, index) => {
        // A line breaks where figures are missing.
        if (!has(sample, one)) return
        const isFirst = !has(samples[index - 1], one)
        if (isFirst) first = x(sample.time).toFixed(1)
        const at = `${x(sample.time).toFixed(1)} ${y(sample[one.key]).toFixed(1)}`
        path += isFirst ? `M${at}` : `L${at}`
        if (one !== series[0] || has(samples[index + 1], one)) return
        nodes.push(svg('path.area', { d: `${path.slice(path.lastIndexOf('M'))}V${base}H${first}Z` }))
      })
      nodes.push(svg(`path.line${one.kind ?? ''}`, { d: path || 'M0 0' }))
    }
    dot('beat', now, series[0])
    dot('end', now, series[0])
    if (chosen) nodes.push(svg('line.cross', { x1: x(chosen.time), x2: x(chosen.time), y1: above, y2: base }))
    for (const one of series) dot('end', chosen, one)
    plot.replaceChildren(...nodes, ...labels)
    describe(chosen ?? now)
  }

  function describe(sample) {
    const words = series.map(({ name = '', key }) => `${name} ${format(sample[key])}`)
    element.setAttribute('aria-valuenow', Math.max(-span, Math.round(sample.time - end())))
    element.setAttribute('aria-valuetext', `${time(sample.time * 1000)}: ${words.join(', ')}`)
    const ranges = series.map(one => {
      const values = samples.filter(each => has(each, one)).map(each => each[one.key])
      return `${one.name ?? ''} from ${format(Math.min(...values))} to ${format(Math.max(...values))}`
    })
    set(summary, `The last five minutes: ${ranges.join('; ')}.`)
    tip.hidden = !chosen
    if (!chosen) return
    tip.replaceChildren(h('b', time(chosen.time * 1000)),
      ...series.map(({ kind = '' }, index) => h('span', h(`i.key${kind}`), words[index])))
    const half = tip.offsetWidth / 2
    tip.style.left = `${Math.min(Math.max(x(chosen.time), half), width - half)}px`
  }

  const known = () => samples.filter(sample => series.some(one => has(sample, one)))
  const choose = sample => {
    chosen = sample
    draw()
  }
  element.addEventListener('pointermove', event => {
    const at = event.clientX - element.getBoundingClientRect().left
    const distance = sample => Math.abs(x(sample.time) - at)
    choose(known().reduce((best, sample) => best && distance(best) < distance(sample) ? best : sample, null))
  })
  for (const name of ['pointerleave', 'blur']) element.addEventListener(name, () => choose(null))
  element.addEventListener('keydown', event => {
    if (event.key === 'Escape') return choose(null)
    const all = known()
    const index = chosen ? all.indexOf(chosen) : all.length - 1
    const next = {
      ArrowLeft: index - 1, ArrowDown: index - 1, ArrowRight: index + 1, ArrowUp: index + 1, Home: 0, End: all.length - 1,
    }[event.key]
    if (next === undefined || !all.length) return
    event.preventDefault()
    choose(all[Math.min(Math.max(next, 0), all.length - 1)])
  })

  const resize = new ResizeObserver(() => {
    width = element.clientWidth
    base = element.clientHeight - below
    draw()
  })
  resize.observe(element)

  return {
    element,
    draw(next) {
      samples = next
      if (!samples.includes(chosen)) chosen = null
      draw()
    },
    stop: () => resize.disconnect(),
  }
}
