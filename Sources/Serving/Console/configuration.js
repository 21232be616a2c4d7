import { copyButton } from './copy.js'
import { card, h, problem, search, set } from './dom.js'
import { plural } from './format.js'
import { request } from './api.js'

// TOML: a header begins a section; a line that is neither a header nor a key goes on with the value before.
function sections(text) {
  const result = []
  for (const line of text.split(/\r?\n/).filter(line => line.trim())) {
    const [, header] = /^\s*(\[\[?[^\]=]+\]\]?)\s*$/.exec(line) ?? []
    const [, key, value] = /^\s*([\w."'-]+)\s*=\s*(.*)$/.exec(line) ?? []
    if (header || !result.length) result.push({ title: header ?? 'general', lines: [] })
    const { lines } = result.at(-1)
    if (header) continue
    if (key || !lines.length) lines.push({ key: key ?? '', value: key ? value : line })
    else lines.at(-1).value += `\n${line}`
  }
  return result
}

const kind = value => /^["']/.test(value) ? '.good' : /^(true|false|[-+.\d])/.test(value) ? '.warning' : ''

export function configuration(page) {
  page.title('Configuration', 'The settings that this daemon runs with. Secrets are not among them.')
  let text = ''
  let all = []
  const abort = new AbortController()
  const failure = problem()
  const input = search('Search keys and values', draw)
  const summary = h('p.hint', { role: 'status' }, 'Reading …')
  const list = h('div.settings')

  function draw() {
    const wanted = input.value.trim().toLowerCase()
    const isWanted = title => ({ key, value }) => `${title.replace(/[[\]]/g, '')}.${key} = ${value}`.toLowerCase().includes(wanted)
    const shown = all.map(({ title, lines }) => ({ title, lines: lines.filter(isWanted(title)) }))
      .filter(({ lines }) => lines.length || !wanted)
    list.replaceChildren(...shown.map(({ title, lines }) => card(h('code', title),
      h('dl.toml', lines.map(({ key, value }) => h('div', h('dt', key), h(`dd${kind(value)}`, value)))))))
    const found = shown.reduce((sum, { lines }) => sum + lines.length, 0)
    set(summary, `${plural(found, 'setting')}${wanted ? ' found' : ''}`)
  }

  page.show(h('div.toolbar', input, copyButton('Copy all', () => text), summary), failure.element, list)
  request('config', { signal: abort.signal }).then(answer => {
    text = answer
    all = sections(text)
    draw()
  }).catch(error => {
    if (abort.signal.aborted) return
    set(summary, '')
    failure.show(error)
  })
  page.onLeave(() => abort.abort())
}
