/**
 * Keeps the lines of several programs in one named pipe apart. A collector announces itself for as
 * long as it has the pipe open. Any other program that writes lines takes the turn for each write,
 * and writes only while no collector has announced itself. The locks end with their processes.
 */

import type { Libc } from './libc.ts'

/** Offsets that are locked in the pipe's file; no data is there. */
const COLLECTORS = 0
const TURN = 1

/**
 * Announces a collector.
 *
 * @returns false while another program has the turn, which ends with the write that it is doing
 */
export function announceCollector(libc: Libc, fd: number): boolean {
  libc.lockPlace(fd, COLLECTORS, 'shared')
  return !libc.isPlaceLocked(fd, TURN)
}

/** Claims the turn to write whole lines; `collector`: one runs, and the turn is refused. */
export function takeTurn(libc: Libc, fd: number): 'taken' | 'collector' | 'busy' {
  if (!libc.lockPlace(fd, TURN, 'exclusive')) return 'busy'
  if (!libc.isPlaceLocked(fd, COLLECTORS)) return 'taken'
  libc.unlockPlace(fd, TURN)
  return 'collector'
}

export function endTurn(libc: Libc, fd: number): void {
  libc.unlockPlace(fd, TURN)
}
