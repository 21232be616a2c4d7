// Marks for the last looks at a channel. A look sees whether `last` has moved since the look before, and no more.

import { svg } from './dom.js'

const looks = 24
const most = 20_000
const all = new Map()

export function look({ channel, last }) {
  const known = all.get(channel)
  if (!known) {
    if (all.size > most) all.delete(all.keys().next().value)
    return all.set(channel, { last, marks: [] })
  }
  known.marks.push(last !== known.last)
  if (known.marks.length > looks) known.marks.shift()
  known.last = last
}

export function marks(channel) {
  const marks = all.get(channel)?.marks ?? []
  const first = looks - marks.length
  const told = marks.filter(mark => mark).length
  return svg('svg.activity', { viewBox: `0 0 ${looks * 4} 20`, role: 'img',
    'aria-label': `Something was published before ${told} of the last ${marks.length} looks` },
  ...Array.from({ length: looks }, (_, index) => {
    const isOn = marks[index - first]
    return svg('rect', { class: isOn ? 'on' : 'off', x: index * 4 + 1, width: 2, y: isOn ? 4 : 15, height: isOn ? 13 : 2, rx: 1 })
  }))
}
