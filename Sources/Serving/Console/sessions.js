import { field, h, options, pager, problem, set, text } from './dom.js'
import { sessionTable } from './sessiontable.js'
import { confirm } from './dialog.js'
import { plural } from './format.js'
import { request } from './api.js'
import { stay } from './router.js'

const filters = [['channel', 'Channel or pattern'], ['address', 'Address'], ['token', 'Token'], ['min-lag', 'Lag of at least']]

export async function end(session, then) {
  if (!await confirm({
    title: 'End this session?', action: 'End the session',
    text: 'Its client gets crier.end, and its stream ends. For a minute its reconnection gets 204, after which an EventSource stops.',
  })) return
  await request(`sessions/${session.id}`, { method: 'DELETE' })
  then()
}

export function sessions(page, { query }) {
  page.title('Sessions', 'A session is one subscriber.')
  const inputs = new Map(filters.map(([key]) => [key, text({
    value: query.get(key) ?? '', placeholder: key === 'min-lag' ? 'events' : 'any', oninput: change,
  })]))
  inputs.set('state', options([['', 'any'], ...['live', 'behind', 'ending'].map(state => [state, state])], query.get('state') ?? '', change))

  // The places of the pages up to this one, because `after` leads only on.
  let trail = [null]
  let next = null
  const summary = h('p.hint', { role: 'status' })
  const failure = problem()
  const table = sessionTable({
    label: 'Sessions', empty: 'No session. One appears as soon as a client subscribes.',
    end: session => end(session, () => polling.now()).catch(failure.show),
  })
  const turn = change => () => {
    change()
    polling.now()
  }
  const pages = pager('Pages of sessions', turn(() => trail.pop()), turn(() => trail.push(next)))
  const chosen = () => [...inputs].map(([key, { value }]) => [key, value.trim()]).filter(([, value]) => value)

  function change() {
    stay('sessions', '', chosen())
    trail = [null]
    polling.now()
  }

  page.show(
    h('form.card.filters', { role: 'search', 'aria-label': 'Filters', onsubmit: event => event.preventDefault() },
      filters.map(([key, label]) => field(label, inputs.get(key))), field('State', inputs.get('state'))),
    summary, failure.element, h('div.card.flush', table.element), pages.element)
  const polling = page.poll(3, async signal => {
    const query = [...chosen(), ...trail.at(-1) ? [['after', trail.at(-1)]] : []]
    const answer = await request('sessions', { query, signal })
    next = answer.next
    table.draw(answer.sessions)
    set(summary, `${plural(answer.sessions.length, 'session')}${next ? ', and more' : ''}`)
    pages.show(trail.length === 1, !next, `Page ${trail.length}`)
  }, failure)
}
