/**
 * Completes the times of a flow record: fills missing ones from other fields, puts them in order,
 * and checks whether they are plausible.
 */

import { FIELD, type FlowRecord } from '../flow-record.ts'
import { microsJson } from '../plan/extra-json.ts'
import type { Plan } from '../plan/plan.ts'
import { SLOT } from '../plan/plan-step.ts'
import { isTime, sinceBootToMicros, switchedToMicros } from './message-times.ts'
import { ODDITY, type RecordReader } from './record-reader.ts'

/**
 * Fills missing times from the boot time, from the other time and a duration, then from the time of
 * an event. A time may be missing in the template, or unknown in the record.
 */
export function fillTimes(reader: RecordReader, plan: Plan): void {
  const { record } = reader
  addUptime(reader, plan, SLOT.startUptime, FIELD.flowStart)
  addUptime(reader, plan, SLOT.endUptime, FIELD.flowEnd)
  addDuration(reader, plan)
  const event = reader.slot(SLOT.eventTime)
  if (event === undefined) return
  if (!record.has(FIELD.flowStart)) record.set(FIELD.flowStart, event)
  if (!record.has(FIELD.flowEnd)) record.set(FIELD.flowEnd, event)
}

/** Sets a time from an uptime and the boot time in the same record, or else that of the message. */
function addUptime(
  reader: RecordReader,
  plan: Plan,
  slot: typeof SLOT.startUptime | typeof SLOT.endUptime,
  field: typeof FIELD.flowStart | typeof FIELD.flowEnd,
): void {
  const switchedMs = reader.slot(slot)
  if (switchedMs === undefined) return
  const bootMicros = reader.slot(SLOT.systemInit)
  const { times } = reader
  const micros =
    bootMicros === undefined
      ? switchedToMicros(times, switchedMs)
      : sinceBootToMicros(
          { exportMicros: times.exportMicros, bootMs: bootMicros / 1000 },
          switchedMs,
        )
  if (isTime(micros)) reader.record.set(field, micros)
  else reader.addExtra(plan.slotKeys[slot] ?? '', String(switchedMs))
}

/** Sets the end from start and duration, or the start from end and duration. */
function addDuration(reader: RecordReader, plan: Plan): void {
  const millis = reader.slot(SLOT.durationMillis)
  const duration = millis ?? reader.slot(SLOT.durationMicros)
  if (duration === undefined) return
  const { record } = reader
  const hasStart = record.has(FIELD.flowStart)
  if (hasStart !== record.has(FIELD.flowEnd)) {
    const micros = millis === undefined ? duration : millis * 1000
    const { [FIELD.flowStart]: start, [FIELD.flowEnd]: end } = record.values
    const time = hasStart ? (start as number) + micros : (end as number) - micros
    if (isTime(time)) {
      record.set(hasStart ? FIELD.flowEnd : FIELD.flowStart, time)
      return
    }
  }
  // Both times are known without the duration, or none is.
  const slot = millis === undefined ? SLOT.durationMicros : SLOT.durationMillis
  reader.addExtra(plan.slotKeys[slot] ?? '', String(duration))
}

const ONE_SECOND_MICROS = 1_000_000

/**
 * Puts the times in order. An end less than a second before the start is rounding, so they are
 * swapped. Otherwise the start is set to the end, and `extra` keeps the start that was sent.
 */
export function orderTimes(reader: RecordReader): void {
  const { record } = reader
  if (!record.has(FIELD.flowStart) || !record.has(FIELD.flowEnd)) return
  const { values } = record
  const start = values[FIELD.flowStart] as number
  const end = values[FIELD.flowEnd] as number
  if (end >= start) return
  values[FIELD.flowStart] = end
  if (start - end < ONE_SECOND_MICROS) {
    values[FIELD.flowEnd] = start
    return
  }
  reader.oddities |= ODDITY.endBeforeStart
  reader.addExtra('"flowStart":', microsJson(start))
}

const AHEAD_MICROS = 600 * 1_000_000
const BEHIND_MICROS = 50 * 86_400 * 1_000_000

/** Whether a time of the record is more than 10 min after or 50 days before its receipt. */
export function hasImplausibleTime(record: FlowRecord, receivedAtMicros: number): boolean {
  return (
    isImplausible(record, FIELD.flowStart, receivedAtMicros) ||
    isImplausible(record, FIELD.flowEnd, receivedAtMicros)
  )
}

function isImplausible(
  record: FlowRecord,
  field: typeof FIELD.flowStart | typeof FIELD.flowEnd,
  receivedAtMicros: number,
): boolean {
  if (!record.has(field)) return false
  const ahead = (record.values[field] as number) - receivedAtMicros
  return ahead > AHEAD_MICROS || ahead < -BEHIND_MICROS
}
