import { bdi, button, card, facts, h, hint, problem, visible } from './dom.js'
import { bytes, count, exact, plural } from './format.js'
import { channelPath, request } from './api.js'
import { confirm } from './dialog.js'
import { copyButton } from './copy.js'
import { feed } from './feed.js'
import { gauges } from './gauges.js'
import { go, link } from './router.js'
import { publishForm } from './publishform.js'
import { sessionTable } from './sessiontable.js'
import { subscribeCommand } from './shell.js'

export function channel(page, { name }) {
  const isOwn = name.startsWith('$')
  const failure = problem({ 404: 'Nobody has published or subscribed to this channel yet.' })
  const figures = gauges()
  const view = page.may('subscribe') && feed({ isSingle: true, onEvents: figures.take })
  const numbers = facts([], '.row')
  const present = sessionTable({ label: 'Subscribers of this channel', empty: 'Nobody is subscribed, by name or by a pattern.' })
  const presentCount = hint()

  page.title(name, [h('a', { href: link('channels') }, 'Channels'), ' / ', bdi(name)],
    view && copyButton('Copy as curl', () => subscribeCommand([['channel', name]])),
    view && h('a.button', { href: link('live', '', [['channel', name]]) }, 'Open in Live'),
    button('Delete', remove, '.danger'))

  page.poll(2, async signal => {
    const about = await request(channelPath(name), { signal })
    numbers.put('Subscribers', count(about.subscribers), exact(about.subscribers))
    numbers.put('Retained events', count(about.events), exact(about.events))
    numbers.put('Bytes', bytes(about.bytes), exact(about.bytes))
    numbers.put('First id', about.first)
    numbers.put('Last id', about.last)
  }, failure)
  if (!isOwn) page.poll(3, async signal => {
    const { sessions, next } = await request(`${channelPath(name)}/presence`, { signal })
    present.draw(sessions)
    presentCount.textContent = `${next ? 'the first ' : ''}${plural(sessions.length, 'session')}`
  }, { clear() {}, show: () => present.draw([]) })

  async function remove() {
    if (!await confirm({
      title: `Delete ${visible(name)}?`, action: 'Delete the channel',
      text: 'Its subscribers get crier.end, and crier drops its events. A new publish opens the channel again.',
    })) return
    try {
      await request(channelPath(name), { method: 'DELETE' })
      go('channels')
    } catch (error) {
      failure.show(error)
    }
  }

  if (view) {
    view.subscribe([['channel', name], ['replay', '20']], visible(name))
    page.onLeave(view.close)
  }
  page.show(failure.element, h('section.card', { 'aria-label': 'Figures' }, numbers.element),
    h('div.pair', view && view.element, page.may('publish') && !isOwn &&
      card('Publish to this channel', publishForm({ channel: name, only: ['event', 'id'], rows: 4 }).element)),
    figures.element,
    !isOwn && h('section.card.flush', h('header', h('h2', 'Subscribers'), presentCount), present.element))
}
