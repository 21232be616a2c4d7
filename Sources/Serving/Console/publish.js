import * as published from './published.js'
import { bdi, button, card, h, hint, visible } from './dom.js'
import { copyButton } from './copy.js'
import { ago, moment } from './format.js'
import { publishCommand } from './shell.js'
import { publishForm } from './publishform.js'

export function publish(page, { query }) {
  page.title('Publish', 'Send an event to a channel.')
  const list = h('ol.history')
  const empty = h('p.empty', 'Nothing yet. This browser remembers what you publish here.')
  const clear = button('Clear', () => {
    published.clear()
    draw()
  }, '.small')
  const form = publishForm({
    rows: 8,
    onPublished(sent, receipt) {
      published.add(sent, receipt)
      draw()
    },
  })
  form.fill({ channel: query.get('channel') ?? 'news', data: 'hello' })

  const entry = ({ at, channel, query, data, isCut, id }) => h('li',
    h('p.buttons', h('bdi.channel', visible(channel)),
      query.map(([key, value]) => h('span.pairs', `${key} `, bdi(value))),
      h('time', { title: `${moment(at)}, ${visible(id)}` }, ago(at / 1000))),
    h('p.data', data.length > 300 ? `${data.slice(0, 300)}…` : data || h('i', 'empty')),
    isCut ? hint('Too long to keep in full.') : h('p.buttons', button('Use again', () => {
      form.fill({ channel, data, query })
      form.element.querySelector('textarea').focus()
    }, '.small'), copyButton('Copy as curl', () => publishCommand({ channel, data, query }), '.small')))

  function draw() {
    const entries = published.all()
    empty.hidden = entries.length > 0
    clear.hidden = !empty.hidden
    list.replaceChildren(...entries.map(entry))
  }

  const history = card('Published from here', empty, list)
  history.firstElementChild.append(clear)
  draw()
  page.show(h('div.pair', h('section.card', { 'aria-label': 'Event' }, form.element), history))
}
