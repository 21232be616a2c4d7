import { ChannelList, most } from './channellist.js'
import { marks } from './activity.js'
import { bdi, button, h, hint, pager, problem, search, set, visible } from './dom.js'
import { bytes, count, exact } from './format.js'
import { link, stay } from './router.js'

const pageSize = 50
const seconds = 3
const columns = [
  ['Channel', 'channel'], ['Subscribers', 'subscribers', count], ['Events', 'events', count], ['Bytes', 'bytes', bytes], ['Last id'], ['Activity'],
]
const told = `Looks, ${seconds} s apart. A high mark: something was published since the look before.`

// crier begins behind the name that it gets, so this is the name just before the text.
const before = text => text && text.slice(0, -1) + String.fromCodePoint(Math.max(text.codePointAt(text.length - 1) - 1, 0x20))

export function channels(page, { query }) {
  page.title('Channels')
  const list = new ChannelList()
  let text = query.get('search') ?? ''
  let order = 'channel'
  let first = 0
  let isLoading = true
  let found = []
  let beginning = ''
  let abort = new AbortController()

  const input = search('Search channels by name', () => {
    text = input.value.trim()
    first = 0
    stay('channels', '', text ? [['search', text]] : [])
    draw()
  }, text)
  const summary = h('p.hint', { role: 'status' })
  const more = hint()
  const failure = problem()
  const heads = columns.map(([label, key]) => h('th', { scope: 'col' }, key ? button(label, () => {
    order = key
    first = 0
    draw()
  }) : label))
  const body = h('tbody')
  const table = h('table.channels.cards', h('caption.unseen', 'Channels'), h('thead', h('tr', heads)), body)
  const empty = h('p.empty')
  const turn = step => () => {
    first += step
    draw()
    table.scrollIntoView()
  }
  const pages = pager('Pages of channels', turn(-pageSize), turn(pageSize))

  const isShown = ({ channel }) => text.startsWith('$') || !channel.startsWith('$')

  function select() {
    const wanted = text.toLowerCase()
    found = list.rows.filter(row => isShown(row) && row.channel.toLowerCase().includes(wanted))
    if (order !== 'channel') found.sort((a, b) => b[order] - a[order])
    first = Math.max(0, Math.min(first, Math.floor((found.length - 1) / pageSize) * pageSize))
    return found.slice(first, first + pageSize)
  }

  const row = about => h('tr',
    h('th', { scope: 'row' }, h('a', { href: link('channels', about.channel) }, bdi(about.channel))),
    columns.slice(1, 4).map(([label, key, format]) =>
      h('td', { 'data-label': label, title: exact(about[key]) }, format(about[key]))),
    h('td.id', { 'data-label': 'Last id' }, bdi(about.last ?? '–')),
    h('td', { 'data-label': 'Activity', title: told }, marks(about.channel)))

  function draw() {
    const focused = body.contains(document.activeElement) && document.activeElement.getAttribute('href')
    const shown = select()
    body.replaceChildren(...shown.map(row))
    if (focused) body.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus()
    heads.forEach((head, index) => {
      if (columns[index][1] === order) head.setAttribute('aria-sort', order === 'channel' ? 'ascending' : 'descending')
      else head.removeAttribute('aria-sort')
    })
    table.hidden = shown.length === 0
    empty.hidden = shown.length > 0 || isLoading
    set(empty, text ? 'No channel has such a name.'
      : 'No channel yet. A channel exists as soon as a client publishes or subscribes to it.')
    const total = list.rows.filter(isShown).length
    set(summary, [isLoading && 'Reading …', text && `${exact(found.length)} of`, exact(total), total === 1 ? 'channel' : 'channels',
      beginning && `from “${visible(beginning)}” on`].filter(part => part).join(' '))
    more.hidden = isLoading || !(list.hasMore || beginning)
    more.replaceChildren(list.hasMore ? `There are more than ${exact(most)}. ` : '',
      text && text !== beginning ? button(`Read from “${visible(text)}” on`, () => load(text), '.small')
        : beginning ? button('Read from the beginning', () => load(''), '.small') : 'Type the beginning of a name to read from there.')
    const end = Math.min(first + pageSize, found.length)
    pages.show(first === 0, end === found.length, `${exact(first + 1)}–${exact(end)} of ${exact(found.length)}`)
  }

  async function load(text) {
    abort.abort()
    abort = new AbortController()
    const { signal } = abort
    isLoading = true
    beginning = text
    try {
      await list.load(before(text), signal, draw)
      failure.clear()
    } catch (error) {
      if (signal.aborted) return
      failure.show(error)
    }
    isLoading = false
    draw()
  }

  page.show(h('div.toolbar', input, summary), failure.element, h('div.card.flush', table, empty), pages.element, more)
  load('')
  page.onLeave(() => abort.abort())
  page.poll(seconds, async signal => {
    if (isLoading) return
    await list.refresh(new Set(found.slice(first, first + pageSize).map(({ channel }) => channel)), signal)
    draw()
  }, failure)
}
