// A browser may forbid storage. Then the page forgets when you leave it.

export function read(area, key) {
  try { return window[area].getItem(key) } catch { return null }
}

export function write(area, key, value) {
  try {
    if (value === null) window[area].removeItem(key)
    else window[area].setItem(key, value)
  } catch { /* As above. */ }
}
