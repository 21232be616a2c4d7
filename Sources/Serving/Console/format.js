// Figures for people. `exact` goes into tooltips.

const spaced = (value, unit) => unit ? `${value}\u202f${unit}` : value
// Three digits: 1.23, 12.3, 123.
const short = value => String(Number(value.toFixed(value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2)))

function scaled(value, base, units) {
  let step = 0
  for (; value >= base * 0.9995 && step < units.length - 1; step += 1) value /= base
  return spaced(short(value), units[step])
}

const known = format => value => Number.isFinite(value) ? format(value) : '–'

export const exact = known(value => value.toLocaleString('en'))
export const count = known(value => value < 10_000 && Number.isInteger(value) ? exact(value) : scaled(value, 1000, ['', 'k', 'M', 'G', 'T']))
export const bytes = known(value => scaled(value, 1024, ['B', 'KiB', 'MiB', 'GiB', 'TiB']))
export const milliseconds = known(value => value >= 1000 ? spaced(short(value / 1000), 's')
  : value === 0 || value >= 0.01 ? spaced(short(value), 'ms') : spaced(short(value * 1000), 'µs'))
export const plural = (number, word) => `${count(number)} ${word}${number === 1 ? '' : 's'}`

const units = [['d', 86_400], ['h', 3600], ['min', 60], ['s', 1]]
export function duration(seconds) {
  const at = Math.max(0, units.findIndex(([, size]) => seconds >= size))
  const whole = seconds < 1 ? '0 s' : `${Math.floor(seconds / units[at][1])} ${units[at][0]}`
  const rest = at < 2 && seconds >= 1 ? Math.floor(seconds % units[at][1] / units[at + 1][1]) : 0
  return rest ? `${whole} ${rest} ${units[at + 1][0]}` : whole
}
export const ago = moment => {
  const seconds = Date.now() / 1000 - moment
  return seconds < 2 ? 'now' : `${duration(seconds)} ago`
}

const clock = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium' })
const full = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'long' })
export const time = milliseconds => clock.format(milliseconds)
export const moment = milliseconds => full.format(milliseconds)
