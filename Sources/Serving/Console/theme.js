// No module, because that would run after the first paint, and a dark page would flash white.
{
  const root = document.documentElement
  const names = ['system', 'light', 'dark']
  let theme
  try { theme = localStorage.getItem('crier.theme') } catch { /* The browser forbids it. */ }
  if (!names.includes(theme)) theme = 'system'
  root.dataset.theme = theme

  document.addEventListener('DOMContentLoaded', () => {
    const button = document.getElementById('theme')
    const show = () => {
      root.dataset.theme = theme
      button.ariaLabel = button.lastElementChild.textContent = `Colours: ${theme}`
    }
    button.addEventListener('click', () => {
      theme = names[(names.indexOf(theme) + 1) % names.length]
      try { localStorage.setItem('crier.theme', theme) } catch { /* As above. */ }
      show()
    })
    show()
  })
}
