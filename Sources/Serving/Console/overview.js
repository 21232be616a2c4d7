import * as figures from './figures.js'
import { bdi, card, facts, h, set, visible } from './dom.js'
import { bytes, count, duration, exact, milliseconds, moment, time } from './format.js'
import { chart } from './chart.js'
import { isFirstRun, start } from './start.js'
import { request } from './api.js'

const tiles = [
  { name: 'Deliveries', unit: 'a second', isWide: true, format: count, series: [{ key: 'deliveredRate' }],
    more: ({ byteRate }) => `${bytes(byteRate)}/s` },
  { name: 'Publish to write', unit: 'p50', head: 'p50', format: milliseconds,
    series: [{ name: 'p99', key: 'p99' }, { name: 'p90', key: 'p90', kind: '.middle' }, { name: 'p50', key: 'p50', kind: '.quiet' }],
    more: ({ p99 }) => `p99 ${milliseconds(p99)}` },
  { name: 'Subscribers', unit: 'now', format: count, least: 4,
    series: [{ name: 'all', key: 'subscribers' }, { name: 'behind', key: 'behind', kind: '.warning' }],
    more: ({ behind }) => `${count(behind)} behind` },
  { name: 'Published', unit: 'a second', format: count, series: [{ key: 'publishedRate' }],
    more: ({ published }) => `${count(published)} since the start` },
  { name: 'Memory', unit: 'in use', format: bytes, isBinary: true,
    series: [{ name: 'memory', key: 'memory' }, { name: 'history', key: 'historyBytes', kind: '.quiet' }],
    more: ({ historyBytes }) => `history ${bytes(historyBytes)}` },
]

function tile(page, { name, unit, head, isWide, format, series, more, ...axis }) {
  const figure = h('b.figure', '–')
  const aside = h('span.aside')
  const lines = chart({ label: `${name}, ${unit}`, format, series, ...axis })
  const element = card(name, h('p.headline', figure, h('span.unit', unit), aside), lines.element)
  if (isWide) element.classList.add('wide')
  if (series.length > 1) {
    element.firstElementChild.append(h('span.legend', { 'aria-hidden': 'true' },
      series.map(({ name, kind = '' }) => h('span', h(`i.key${kind}`), name))))
  }
  page.onLeave(lines.stop)
  const draw = samples => {
    const now = samples.at(-1)
    if (now) {
      const value = now[head ?? series[0].key]
      set(figure, format(value), exact(value))
      set(aside, more(now))
    }
    lines.draw(samples)
  }
  return { element, draw }
}

const entry = ({ time: at, level, message, fields = {} }) => h('li.entry',
  h('time', { title: moment(at) }, time(at)),
  h('span', { class: `level ${level}` }, visible(level)),
  h('span.message', visible(message), ' ', Object.entries(fields).map(([key, value]) => h('span.pairs', `${visible(key)} `, bdi(value)))))

function logCard() {
  const list = h('ol.log', { tabindex: 0, 'aria-label': 'Notable events, the newest first' })
  const empty = h('p.empty', 'Nothing yet. Slow subscribers, refused requests and restarts appear here.')
  const element = card('Log', empty, list)
  element.classList.add('wide')
  const draw = () => {
    empty.hidden = figures.log.length > 0
    list.hidden = !empty.hidden
    list.replaceChildren(...figures.log.map(entry).reverse())
  }
  return { element, draw }
}

const check = ([name, { ok, reason, ...rest }]) => h(`li.${ok ? 'good' : 'bad'}`, h('b', visible(name)), ' ',
  ok ? Object.entries(rest).map(([key, value]) => key === 'microseconds' ? milliseconds(value / 1000) : visible(value)).join(', ')
    : visible(reason ?? 'failed'))

function healthCard(page) {
  const state = h('b.figure', '–')
  const reasons = h('ul.checks')
  const values = facts(['Version', 'Uptime'])
  let started = null
  const say = (isGood, words, details) => {
    state.className = `figure ${isGood ? 'good' : 'bad'}`
    set(state, words)
    reasons.replaceChildren(...details)
  }
  page.poll(10, async signal => {
    const [{ ready, checks = {} }, about] = await Promise.all([request('readyz', { signal, accepts: 503 }), request('debug/state', { signal })])
    started = about.started
    values.put('Version', about.version)
    say(ready, ready ? 'Ready' : 'Not ready', Object.entries(checks).map(check))
  }, { clear() {}, show: error => say(false, 'No answer', [h('li', error.detail)]) })
  return {
    element: card('Health', h('p.headline', state), reasons, values.element),
    draw(samples) {
      const now = samples.at(-1)
      if (!now) return
      if (started) values.put('Uptime', duration(now.time - started), `since ${moment(started * 1000)}`)
      const { connections, channels, patterns, historyEvents } = now
      for (const [label, value] of Object.entries({ Connections: connections, Channels: channels, Patterns: patterns, 'Retained events': historyEvents })) {
        values.put(label, count(value), exact(value))
      }
    },
  }
}

function charts(page) {
  page.title('Overview')
  const all = [...tiles.map(each => tile(page, each)), healthCard(page)]
  const log = logCard()
  page.show(h('div.grid', all.slice(0, -1).map(({ element }) => element), log.element, all.at(-1).element))
  const draw = changed => {
    if (changed === 'figures') for (const each of all) each.draw(figures.samples)
    if (changed === 'log') log.draw()
  }
  draw('figures')
  draw('log')
  page.onLeave(figures.watch(draw))
}

export function overview(page) {
  page.title('Overview')
  let isOver = false
  page.onLeave(() => { isOver = true })
  isFirstRun().catch(() => false).then(isFirst => {
    if (isOver) return
    if (isFirst) start(page, () => charts(page))
    else charts(page)
  })
}
