import * as figures from './figures.js'
import * as grant from './grant.js'
import * as token from './token.js'
import { access } from './api.js'
import { channel } from './channel.js'
import { channels } from './channels.js'
import { configuration } from './configuration.js'
import { bdi, button, h, set, visible } from './dom.js'
import { moment } from './format.js'
import { link, parse, stay } from './router.js'
import { live } from './live.js'
import { overview } from './overview.js'
import { poll } from './poll.js'
import { publish } from './publish.js'
import { session } from './session.js'
import { sessions } from './sessions.js'
import { signIn } from './signin.js'

const views = { overview, channels, sessions, live, publish, configuration }
const details = { channels: channel, sessions: session }
const find = id => document.getElementById(id)
const main = find('main')
let isFirst = true
const leaving = []

// The tools of a view. `onLeave` ends everything that the view has begun.
const page = {
  onLeave: end => leaving.push(end),
  poll(...all) {
    const polling = poll(...all)
    leaving.push(polling.stop)
    return polling
  },
  may: grant.may,
  get grant() { return grant.current() },
  title(title, lead, ...actions) {
    document.title = `${visible(title)} · crier`
    const heading = h('h1', { tabindex: -1 }, bdi(title))
    main.replaceChildren(h('header.head', h('div', heading, lead && h('p.lead', lead)),
      actions.some(action => action) && h('div.actions', actions)))
    if (!isFirst) heading.focus({ preventScroll: true })
    isFirst = false
  },
  show: (...nodes) => main.append(h('div.view', nodes)),
}

function draw(view) {
  for (const end of leaving.splice(0)) end()
  scrollTo(0, 0)
  for (const item of find('nav').children) {
    item.hidden = !grant.views().includes(item.dataset.view)
    if (item.dataset.view === view) item.setAttribute('aria-current', 'page')
    else item.removeAttribute('aria-current')
  }
}

function route() {
  const place = parse(location.hash)
  const allowed = grant.views()
  if (place.view === 'signin') return askToken()
  if (!allowed.length) return say('Nothing to see here', 'What you may do here needs no page.')
  if (!allowed.includes(place.view)) {
    if (views[place.view] && place.view !== 'overview') {
      return say('Not allowed', 'This view needs other rights. ', h('a', { href: link(allowed[0]) }, 'Go on'))
    }
    stay(allowed[0])
    return route()
  }
  draw(place.view)
  const view = (place.name && details[place.view]) || views[place.view]
  view(page, place)
}

// In place of a view.
function say(title, ...content) {
  draw('')
  page.title(title)
  page.show(h('p.empty.card', { role: 'alert' }, content))
}

function askToken(reason) {
  figures.stop()
  draw('')
  for (const item of [...find('nav').children, find('connection'), find('caller')]) item.hidden = true
  signIn(page, reason, begin)
}

function begin() {
  const { controlled, name, expires } = grant.current()
  if (grant.may('admin') && grant.may('subscribe')) figures.start()
  const caller = find('caller')
  caller.hidden = !controlled
  set(caller.firstElementChild, token.get() ? `Signed in${name ? ` as ${visible(name)}` : ''}` : 'Not signed in',
    expires ? `The token ends ${moment(expires * 1000)}.` : '')
  set(find('signout'), token.get() ? 'Sign out' : 'Sign in')
  if (parse(location.hash).view === 'signin') stay('overview')
  route()
}

async function load() {
  try {
    await grant.load()
    begin()
  } catch (error) {
    if (error.status !== 401) return say('crier does not answer', error.detail ?? String(error), ' ', button('Try again', load))
    const had = token.get()
    token.set(null)
    askToken(had && error.detail)
  }
}

figures.watch(changed => {
  if (changed !== 'connection') return
  const { state, detail } = figures.connection
  const element = find('connection')
  element.hidden = false
  element.className = `connection ${state}`
  set(element.lastElementChild, state === 'open' ? 'Connected' : detail)
})

// The place stays in the address, so that the next token leads back to it.
access.addEventListener('lost', ({ detail }) => {
  if (main.querySelector('.signin')) return
  token.set(null)
  askToken(detail)
})

find('signout').addEventListener('click', () => {
  token.set(null)
  askToken()
})

find('skip').addEventListener('click', event => {
  event.preventDefault()
  main.focus()
})

addEventListener('hashchange', () => { if (!main.querySelector('.signin')) route() })

// An address of the former page: /?channel=news
const asked = new URLSearchParams(location.search).getAll('channel')
if (asked.length && !location.hash) {
  history.replaceState(null, '', location.pathname + link('live', '', asked.map(name => ['channel', name])))
}
load()
