import { bdi, field, h, problem, text, visible } from './dom.js'
import { copyButton } from './copy.js'
import { plural } from './format.js'
import { post, publishTarget } from './api.js'
import { publishCommand } from './shell.js'

const optional = [
  ['event', 'Event name', 'message'], ['id', 'Id', 'crier assigns one'], ['key', 'Key', 'none'], ['retry', 'Retry, ms', 'none'],
]

// `only`: the optional fields that it shows. `send`: sends in another way.
export function publishForm({ channel, only, data = 'hello', rows, send, onPublished, hasCommand = !send }) {
  const target = channel === undefined ? text({ placeholder: 'news', required: true }) : null
  const shown = optional.filter(([key]) => !only || only.includes(key))
  const inputs = new Map(shown.map(([key, , placeholder]) => [key, text({ placeholder })]))
  const area = h('textarea', { rows, spellcheck: 'false' }, data)
  const result = h('div.result', { role: 'status' })
  const failure = problem()
  const submit = h('button.primary', send ? 'Push' : 'Publish')
  const publication = () => ({
    channel: channel ?? target.value, data: area.value,
    query: [...inputs].filter(([, { value }]) => value).map(([key, { value }]) => [key, value]),
  })

  async function publishIt(event) {
    event.preventDefault()
    submit.disabled = true
    const sent = publication()
    try {
      const receipt = await (send ? send(sent) : post(...publishTarget(sent.channel, sent.query), sent.data))
      failure.clear()
      result.replaceChildren(h('p.receipt', send ? 'Pushed to this session.' : [h('b', 'Published'), ' as ', h('code', visible(receipt.id)),
        ' to ', ...receipt.channels.map(bdi), receipt.subscribers === null ? '' : `, ${plural(receipt.subscribers, 'subscriber')}`]))
      onPublished?.(sent, receipt)
    } catch (error) {
      result.replaceChildren()
      failure.show(error)
    }
    submit.disabled = false
  }

  const element = h('form.publishform', { onsubmit: publishIt },
    target && field('Channel', target, '.whole'),
    shown.map(([key, label]) => field(label, inputs.get(key))),
    field('Data', area, '.whole'),
    h('div.buttons.whole', submit, hasCommand && copyButton('Copy as curl', () => publishCommand(publication()))), failure.element, result)
  // Enter makes a line in the text, so Ctrl+Enter publishes.
  area.addEventListener('keydown', event => { if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) element.requestSubmit() })

  return {
    element,
    fill({ channel, data, query = [] }) {
      target.value = channel
      area.value = data
      for (const [key, input] of inputs) input.value = query.find(([other]) => other === key)?.[1] ?? ''
    },
  }
}
