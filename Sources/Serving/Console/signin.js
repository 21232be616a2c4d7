import * as grant from './grant.js'
import * as token from './token.js'
import { field, h, hint, problem, text } from './dom.js'

export function signIn(page, reason, then) {
  page.title('Sign in', 'This daemon asks for a token.')
  const input = text({ type: 'password', required: true })
  const failure = problem()
  if (reason) failure.show(reason)
  const submit = h('button.primary', 'Sign in')

  async function enter(event) {
    event.preventDefault()
    submit.disabled = true
    // A copied token often brings white space along.
    token.set(input.value.trim())
    try {
      await grant.load()
      then()
    } catch (error) {
      token.set(null)
      failure.show(error)
      input.select()
    }
    submit.disabled = false
  }
  page.show(h('form.card.signin', { onsubmit: enter }, field('Token', input), failure.element, submit,
    hint('It stays in this tab until you close it or sign out. ', h('code', 'crier token mint'), ' makes one.')))
  input.focus()
}
