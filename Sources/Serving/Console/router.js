// Views have addresses behind the #, so that Back, reload and bookmarks work: #/channels/NAME?channel=a

export function parse(hash) {
  const [path, query = ''] = hash.replace(/^#\/?/, '').split(/\?(.*)/s)
  const [view, subject = ''] = path.split('/')
  let name = ''
  try { name = decodeURIComponent(subject) } catch { /* An address that nobody made here names nothing. */ }
  return { view: view || 'overview', name, query: new URLSearchParams(query) }
}

export function link(view, name = '', query = []) {
  const parameters = new URLSearchParams(query).toString()
  return `#/${view === 'overview' ? '' : view}${name ? `/${encodeURIComponent(name)}` : ''}${parameters ? `?${parameters}` : ''}`
}

export const go = (...parts) => { location.hash = link(...parts) }

// Keeps the address true to what the view shows, without a new entry in the history.
export const stay = (...parts) => history.replaceState(null, '', link(...parts))
