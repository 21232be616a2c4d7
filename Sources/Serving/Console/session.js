import { ago, bytes, exact, milliseconds, moment } from './format.js'
import { bdi, button, card, facts, h, hint, problem, visible } from './dom.js'
import { addressOf, lag } from './sessiontable.js'
import { end } from './sessions.js'
import { go, link } from './router.js'
import { publishForm } from './publishform.js'
import { post, request } from './api.js'

export function session(page, { name: id }) {
  let current = { id }
  const path = `sessions/${encodeURIComponent(id)}`
  const failure = problem({ 404: 'This session is over. Its client closed the stream, or somebody ended it.' })
  const endButton = button('End', () => end(current, () => go('sessions')).catch(failure.show), '.danger')
  page.title(`Session ${id.slice(0, 8)}`, [h('a', { href: link('sessions') }, 'Sessions'), ' / ', h('code', visible(id))], endButton)

  const about = facts(['Channels'])
  const form = publishForm({
    channel: id, only: ['event'], rows: 4,
    send: ({ data, query }) => post(`${path}/events`, query, data),
  })
  page.show(failure.element, h('div.pair', card('Session', about.element), card('Push to this session',
    hint('Only this client gets the event. It is in no log, so the client cannot get it again.'), form.element)))
  page.poll(2, async signal => {
    current = await request(path, { signal })
    const { channels, connection, cursor, since, state, sent, token, agent } = current
    if (!about.at('Channels').childElementCount) {
      about.at('Channels').replaceChildren(...channels.flatMap(name => [
        name.includes('*') ? bdi(name) : h('a', { href: link('channels', name) }, bdi(name)), ' ']))
    }
    about.put('State', state)
    about.put('Lag', lag(current.lag))
    about.put('Round-trip time', connection && milliseconds(connection.roundTripMicroseconds / 1000))
    about.put('Retransmissions', connection && exact(connection.retransmissions))
    about.put('Sent', bytes(sent), exact(sent))
    about.put('Subscribed', `${ago(since)}, ${moment(since * 1000)}`)
    about.put('Position', cursor)
    about.put('Address', addressOf(current))
    about.put('Token', token ?? 'none')
    about.put('Agent', agent)
  }, failure)
}
