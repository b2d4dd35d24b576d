/** When a flow began and ended, computed slowly and from the values of its record. */

import type { RecordField, RecordMessage, RecordModel } from './record-model.ts'

/** The best sources of a time, but for the uptime. */
const STARTS = [152, 154, 156, 150, 158] as const
const ENDS = [153, 155, 157, 151, 159] as const
const MAX_MICROS = BigInt(Number.MAX_SAFE_INTEGER)

/** Fills both times of a row. */
export function fillTimes(record: RecordModel, message: RecordMessage): void {
  const start = record.find(...STARTS, 22)
  const end = record.find(...ENDS, 21)
  fillTime(record, 'flowStart', start, message)
  fillTime(record, 'flowEnd', end, message)
  addDuration(record)
  const isComplete = start && end ? true : (start || end) && record.find(161, 162) !== undefined
  fillEventTime(record, hasUptimes(record) || isComplete === true)
  const { flowStart, flowEnd } = record.columns
  if (flowStart === undefined || flowEnd === undefined || flowEnd >= flowStart) return
  record.columns.flowStart = flowEnd
  if (Number(flowStart) - Number(flowEnd) < 1_000_000) record.columns.flowEnd = flowStart
  else record.notes['flowStart'] = timeJson(BigInt(flowStart))
}

/** Whether a time counts from the boot. */
export function hasUptimes(record: RecordModel): boolean {
  const [start, end] = [record.find(...STARTS, 22), record.find(...ENDS, 21)]
  return start?.element.id === 22 || end?.element.id === 21
}

function timeJson(micros: bigint): string {
  const inSecond = ((micros % 1_000_000n) + 1_000_000n) % 1_000_000n
  const seconds = new Date(Number(micros - inSecond) / 1000).toISOString().slice(0, -5)
  return `"${seconds}.${String(inSecond).padStart(6, '0')}Z"`
}

function isTime(micros: bigint | undefined): micros is bigint {
  return micros !== undefined && micros <= MAX_MICROS && micros >= -MAX_MICROS
}

function fillTime(
  record: RecordModel,
  column: 'flowStart' | 'flowEnd',
  field: RecordField | undefined,
  message: RecordMessage,
): void {
  if (field === undefined) return
  const micros = microsOf(record, field, message)
  if (!isTime(micros)) return
  record.columns[column] = Number(micros)
  const isEstimate = message.uptimeMs === undefined && [21, 22].includes(field.element.id)
  if (!isEstimate || isTime(record.find(160)?.value.micros)) record.used.add(field)
}

const TWO_32 = 2n ** 32n
const DAY_MS = 86_400_000n

function microsOf(
  record: RecordModel,
  { element, value }: RecordField,
  { exportMicros, uptimeMs, estimatedUptimeMs }: RecordMessage,
): bigint | undefined {
  const number = value.uint ?? 0n
  if (element.id === 158 || element.id === 159) return exportMicros - number
  if (element.id !== 21 && element.id !== 22) return value.micros
  const boot = record.find(160)
  if (isTime(boot?.value.micros)) {
    return sinceBoot(boot.value.uint ?? 0n, exportMicros / 1000n, number) * 1000n
  }
  // Only templates without a boot time get an estimate.
  const uptime = uptimeMs ?? (boot ? undefined : estimatedUptimeMs)
  return uptime === undefined ? undefined : exportMicros - ageOf(uptime, number) * 1000n
}

/** Up to ten minutes after the header are possible, more is long ago. */
function ageOf(uptimeMs: bigint, switchedMs: bigint): bigint {
  const age = BigInt.asUintN(32, uptimeMs - switchedMs)
  return age > TWO_32 - 600_000n ? age - TWO_32 : age
}

function sinceBoot(bootMs: bigint, exportMs: bigint, switchedMs: bigint): bigint {
  const uptimeMs = exportMs - bootMs
  if (uptimeMs >= TWO_32 && uptimeMs <= 3650n * DAY_MS) {
    return exportMs - ageOf(uptimeMs, switchedMs)
  }
  const beforeMs = TWO_32 - switchedMs
  const isBefore = uptimeMs >= -DAY_MS && switchedMs - uptimeMs > TWO_32 / 2n && beforeMs <= DAY_MS
  return bootMs + (isBefore ? -beforeMs : switchedMs)
}

/** A duration leads from the only time of a flow to the other one. */
function addDuration(record: RecordModel): void {
  const field = record.find(161, 162)
  const { flowStart, flowEnd } = record.columns
  if (field === undefined || (flowStart === undefined) === (flowEnd === undefined)) return
  const duration = (field.value.uint ?? 0n) * (field.element.id === 161 ? 1000n : 1n)
  const isStart = flowEnd !== undefined
  const time = isStart ? BigInt(flowEnd) - duration : BigInt(flowStart ?? 0) + duration
  if (!isTime(time)) return
  record.columns[isStart ? 'flowStart' : 'flowEnd'] = Number(time)
  record.used.add(field)
}

/** It is kept beside times of an uptime, which may be better. */
function fillEventTime(record: RecordModel, isKept: boolean): void {
  const event = record.find(323, 324, 325, 322)
  if (event === undefined || !isTime(event.value.micros)) return
  if (!isKept) record.used.add(event)
  record.columns.flowStart ??= Number(event.value.micros)
  record.columns.flowEnd ??= Number(event.value.micros)
}
