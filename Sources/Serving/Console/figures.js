// The daemon's figures of five minutes and its log, from one stream for all views.

import { Stream } from './stream.js'

export const span = 300
const logKept = 100

export const samples = []
export const log = []
const watchers = new Set()
let before = null
let stream = null
export let connection = { state: 'connecting', detail: '' }

export function watch(watcher) {
  watchers.add(watcher)
  return () => watchers.delete(watcher)
}
const tell = changed => { for (const watcher of watchers) watcher(changed) }

export function start() {
  stream ??= new Stream({
    query: [['channel', '$crier/stats'], ['channel', '$crier/log'], ['envelope', '1'], ['replay', logKept]],
    // Figures are not retained, so a position would only bring a report that some are missing.
    resumes: false,
    silence: 10_000,
    onState: state => {
      connection = state
      // The newest entries come again.
      if (state.state === 'open') log.length = 0
      tell('connection')
    },
    onEvent: take,
  })
}

export function stop() {
  stream?.close()
  stream = null
  before = null
  samples.length = 0
  log.length = 0
}

function take({ type, data: envelope }) {
  if (type !== 'message') return
  const { channel, data } = JSON.parse(envelope)
  const value = JSON.parse(data)
  if (channel === '$crier/stats') takeFigures(value)
  else if (channel === '$crier/log') takeEntry(value)
}

function takeFigures(value) {
  const seconds = before ? value.time - before.time : 0
  // A second of the clock may hold none or two of them.
  if (before && seconds <= 0 && seconds > -5) return
  const isGap = seconds < 0 || seconds > 5 || (before && value.published < before.published)
  if (isGap && before) samples.push({ time: before.time + 1 })
  const rate = key => before && !isGap ? (value[key] - before[key]) / seconds : null
  samples.push({
    ...value, ...value.publishToWriteMilliseconds,
    publishedRate: rate('published'), deliveredRate: rate('delivered'), byteRate: rate('deliveredBytes'),
  })
  before = value
  while (samples.length > 2 * span || samples[0].time < value.time - span - 1) samples.shift()
  tell('figures')
}

function takeEntry(entry) {
  log.push(entry)
  if (log.length > logKept) log.shift()
  tell('log')
}
