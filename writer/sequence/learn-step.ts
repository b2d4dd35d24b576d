/** Lets a learner compare a message with its neighbours by number, as far as they are decoded. */

import type { HeardMessage, HeardStep } from './message-history.ts'
import type { UnitLearner } from './unit-learner.ts'

/** @param isFirst whether the message is the first one of its stream */
export function learnStep(learner: UnitLearner, step: HeardStep, isFirst: boolean): void {
  const { previous, message, next } = step
  const nowMs = message.receivedAtMs
  learner.skip()
  if (next !== undefined) learnOvertaken(learner, step)
  else if (previous === undefined) {
    if (isFirst) learner.compareFirst(message, nowMs)
  } else if (isDecoded(previous) && isDecoded(message)) learner.compare(previous, message, nowMs)
  else learner.compareUndecoded(previous, message, nowMs)
}

function learnOvertaken(learner: UnitLearner, { previous, message, next }: HeardStep): void {
  const nowMs = message.receivedAtMs
  if (previous && next && isDecoded(previous) && isDecoded(next)) learner.retract(previous, next)
  if (!isDecoded(message)) return
  if (next && isDecoded(next)) learner.compare(message, next, nowMs)
  if (previous && isDecoded(previous)) learner.compare(previous, message, nowMs)
  // An overtaken message says nothing about the expected number.
  learner.skip()
}

function isDecoded({ undecodedSets }: HeardMessage): boolean {
  return undecodedSets === 0
}
