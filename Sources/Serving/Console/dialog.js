import { button, h } from './dom.js'

// Asks before something that cannot be undone. Answers true or false.
export function confirm({ title, text, action }) {
  const opener = document.activeElement
  return new Promise(resolve => {
    const close = answer => () => {
      dialog.remove()
      opener?.focus()
      resolve(answer)
    }
    const dialog = h('dialog', { 'aria-labelledby': 'question', oncancel: close(false) },
      h('h2', { id: 'question' }, title), h('p', text),
      h('div.buttons', button('Cancel', close(false)), button(action, close(true), '.danger')))
    document.body.append(dialog)
    dialog.showModal()
  })
}
