import { bdi, button, field, h, hint, options, problem, text, visible } from './dom.js'
import { copyButton } from './copy.js'
import { feed } from './feed.js'
import { gauges } from './gauges.js'
import { stay } from './router.js'
import { subscribeCommand } from './shell.js'

export function live(page, { query }) {
  page.title('Live', 'The events of channels and patterns, as they come.')
  // Everything is what a newcomer wants to see, unless the grant says otherwise.
  const channels = query.has('channel') ? query.getAll('channel') : page.grant.controlled ? [...page.grant.subscribe] : ['**']
  const chips = h('ul.chips', { 'aria-label': 'Channels and patterns of this view' })
  const input = text({ placeholder: 'news, prices/**' })
  const begin = options([['', 'new events'], ['20', 'the newest 20'], ['all', 'everything retained']], query.get('replay') ?? '', update)
  const failure = problem()
  const figures = gauges()
  const view = feed({
    onEvents: figures.take,
    onState: ({ state, detail }) => { if (state === 'refused') failure.show(detail) },
  })
  const parameters = () => [...channels.map(name => ['channel', name]), ...begin.value ? [['replay', begin.value]] : []]

  const chip = name => h('li', bdi(name), button('×', () => {
    channels.splice(channels.indexOf(name), 1)
    update()
    input.focus()
  }, '', { 'aria-label': `Remove ${visible(name)}` }))

  function update() {
    chips.replaceChildren(...channels.map(chip))
    stay('live', '', parameters())
    view.clear()
    figures.clear()
    failure.clear()
    if (channels.length) view.subscribe(parameters(), channels.map(visible).join(', '))
    else view.close()
  }

  function add(event) {
    event.preventDefault()
    const names = input.value.split(',').map(part => part.trim()).filter(part => part && !channels.includes(part))
    input.value = ''
    if (!names.length) return
    channels.push(...names)
    update()
  }

  page.show(
    h('form.card.subscribe', { onsubmit: add },
      field('Channel or pattern', input, '.grow'), h('button.primary', 'Subscribe'), field('Begin with', begin),
      copyButton('Copy as curl', () => subscribeCommand(parameters())), chips,
      hint('Commas separate several. ', h('code', '*'), ' is one segment, a final ', h('code', '**'),
        ' one or more. The address of this page remembers them.'), failure.element),
    figures.element, view.element)
  update()
  page.onLeave(view.close)
}
