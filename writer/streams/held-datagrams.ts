/**
 * Knows which messages are still held, because a set of theirs waits for its template: a datagram is
 * held until the last of them is decoded, or the first one given up. It holds no bytes.
 */

import type { MessageContext } from '../netflow/flow-record.ts'

interface HeldDatagram {
  readonly exporter: string
  /** Among the datagrams of the journal. */
  readonly number: number
  /** Its sets that wait. */
  waiting: number
}

export class HeldDatagrams {
  readonly #messages = new Map<MessageContext, HeldDatagram>()
  readonly #expired: number[] = []

  get count(): number {
    return this.#messages.size
  }

  /** Notes that `sets` more sets of a message wait, the first time with its number. */
  hold(
    message: MessageContext,
    { exporter, number }: Omit<HeldDatagram, 'waiting'>,
    sets = 1,
  ): void {
    const known = this.#messages.get(message)
    if (known) known.waiting += sets
    else this.#messages.set(message, { exporter, number, waiting: sets })
  }

  /** Notes that a set was decoded; tells whether it was the last one and the message is held no longer. */
  release(message: MessageContext): boolean {
    const held = this.#messages.get(message)
    if (!held) return false
    held.waiting -= 1
    return held.waiting === 0 && this.#messages.delete(message)
  }

  /** Notes that a set was given up; tells whether it was the first one of a message that was held. */
  expire(message: MessageContext): boolean {
    const held = this.#messages.get(message)
    if (!held) return false
    if (held.waiting > 1) this.#expired.push(held.number)
    return this.#messages.delete(message)
  }

  /** The number of a message that is held. */
  numberOf(message: MessageContext): number | undefined {
    return this.#messages.get(message)?.number
  }

  /** Gives once the numbers of messages that have expired while other sets of theirs still wait. */
  takeExpired(): readonly number[] {
    return this.#expired.splice(0)
  }

  /** Counts the messages by exporter. */
  countByExporter(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>()
    for (const { exporter } of this.#messages.values()) {
      counts.set(exporter, (counts.get(exporter) ?? 0) + 1)
    }
    return counts
  }
}
