// The first run: as long as nobody has published or subscribed, the overview shows how to do both.

import { address, request } from './api.js'
import { announce, button, h, set } from './dom.js'
import { feed } from './feed.js'
import { publishCommand } from './shell.js'
import { publishForm } from './publishform.js'
import { snippet } from './copy.js'

const channel = 'hello'
const code = () => `const events = new EventSource('${address('events/hello')}')
events.onmessage = event => console.log(event.data)
events.addEventListener('crier.gap', event => console.warn('missed events', event.data))`

export async function isFirstRun() {
  const { channels } = await request('channels')
  return channels.every(({ channel }) => channel.startsWith('$'))
}

function step(number, title, text, ...content) {
  const status = h('p.done', { role: 'status' })
  const body = h('div', h('h2', title), h('p', text), content, status)
  const element = h('li.card.step', h('span.number', { 'aria-hidden': 'true' }, number), body)
  const isFinished = () => element.classList.contains('finished')
  const finish = text => {
    element.classList.add('finished')
    set(status, text)
  }
  return { element, body, isFinished, finish }
}

export function start(page, show) {
  const leave = () => {
    view.close()
    show()
  }
  page.title('Publish your first event', 'Three steps. You need not configure anything.', button('Skip to the overview', leave))
  const view = feed({
    isSingle: true,
    empty: 'Subscribed. Now publish an event: it appears here.',
    onEvents: events => { if (events.some(({ notice }) => !notice)) arrived() },
    onState: ({ state }) => { if (state === 'open') first.finish('Subscribed. The stream is open.') },
  })
  const place = h('div.place', h('p.empty', 'Your live view opens here.'))

  const subscribe = button(`Subscribe to “${channel}”`, () => {
    subscribe.disabled = true
    place.replaceChildren(view.element)
    view.subscribe([['channel', channel], ['replay', 'all']], channel)
  }, '.primary')
  const first = step(1, 'Subscribe', 'A channel needs no set-up. It exists as soon as somebody subscribes or publishes to it.', subscribe)
  const second = step(2, 'Publish', 'Run this command in a terminal, or use the form.',
    snippet(publishCommand({ channel, data: 'Hello from the terminal' })),
    publishForm({ channel, only: [], data: 'Hello, world', rows: 2, hasCommand: false }).element)
  const third = step(3, 'Use it in your page', 'The browser reconnects and resumes by itself.', snippet(code()))

  function arrived() {
    if (second.isFinished()) return
    second.finish('Your first event has arrived.')
    announce('Your first event has arrived.')
    document.body.classList.add('delight')
    setTimeout(() => document.body.classList.remove('delight'), 2400)
    third.finish('')
    third.body.append(button('Go to the overview', leave, '.primary'))
  }

  page.show(h('div.pair.start', h('ol.steps', first.element, second.element, third.element), place))
  page.onLeave(view.close)
}
