import { ago, bytes, count, exact, moment, plural } from './format.js'
import { bdi, button, h, visible } from './dom.js'
import { link } from './router.js'

const columns = ['Session', 'Channels', 'State', 'Lag', 'Sent', 'Since', 'Agent']

export const addressOf = ({ address }) => visible(address ?? 'a Unix socket')
export const lag = ({ events, bytes: size, seconds }) =>
  events ? `${plural(events, 'event')} · ${bytes(size)} · ${count(seconds)} s` : 'none'

const names = channels => [channels.slice(0, 3).flatMap((name, index) => [index ? ', ' : '', bdi(name)]),
  channels.length > 3 && ` and ${channels.length - 3} more`]

// `end`: the function behind the button that ends a session.
export function sessionTable({ label, empty: words, end }) {
  const body = h('tbody')
  const table = h('table.sessions.cards', h('caption.unseen', label), h('thead', h('tr',
    columns.map(name => h('th', { scope: 'col' }, name)), end && h('td', h('span.unseen', 'End')))), body)
  const empty = h('p.empty', words)
  const cell = (label, content, title = '', kind = '') => h(`td${kind}`, { 'data-label': label, title }, content)
  const row = session => h('tr',
    h('th', { scope: 'row' }, h('a', { href: link('sessions', session.id), title: session.id }, addressOf(session)),
      session.token && h('span.token', ' ', bdi(session.token))),
    cell('Channels', names(session.channels), '', '.names'),
    cell('State', h(`span.badge.${session.state}`, session.state)),
    cell('Lag', lag(session.lag)),
    cell('Sent', bytes(session.sent), exact(session.sent)),
    cell('Since', ago(session.since), moment(session.since * 1000)),
    cell('Agent', bdi(session.agent ?? '–'), visible(session.agent ?? ''), '.agent'),
    end && h('td', button('End', () => end(session), '.small.danger', { 'aria-label': `End the session of ${addressOf(session)}` })))

  return {
    element: h('div', table, empty),
    draw(sessions) {
      // A row that has the focus keeps it.
      const { activeElement: focused } = document
      const id = body.contains(focused) && focused.closest('tr').querySelector('a').title
      body.replaceChildren(...sessions.map(row))
      if (id) body.querySelector(`a[title="${id}"]`)?.closest('tr').querySelector(focused.tagName)?.focus()
      table.hidden = sessions.length === 0
      empty.hidden = !table.hidden
    },
  }
}
