import { announce, button, h } from './dom.js'

async function write(text) {
  try {
    return await navigator.clipboard.writeText(text)
  } catch {
    // A page over plain HTTP from another machine has no clipboard; the old way still works there.
    const area = h('textarea.unseen', { readonly: true })
    area.value = text
    const focused = document.activeElement
    document.body.append(area)
    area.select()
    const isCopied = document.execCommand('copy')
    area.remove()
    focused?.focus()
    if (!isCopied) throw new Error()
  }
}

export function copyButton(label, text, kind) {
  const element = button(label, async () => {
    let result = 'Copied'
    try { await write(text()) } catch { result = 'The browser does not allow it' }
    element.textContent = result
    announce(result)
    setTimeout(() => { element.textContent = label }, 1500)
  }, kind)
  return element
}

export const snippet = text =>
  h('div.snippet', h('pre', { tabindex: 0 }, h('code', text)), copyButton('Copy', () => text, '.small'))
