/**
 * The held datagrams. A datagram is held while sets of its message wait for their templates: until
 * the last of them is decoded, or the first one is given up.
 */

import type { MessageContext } from '../netflow/flow-record.ts'

interface HeldDatagram {
  readonly exporter: string
  /** Its place among the datagrams of the journal. */
  readonly number: number
  /** When it came, by the stream clock. */
  readonly heldAtMs: number
  /** The number of its sets that wait. */
  waiting: number
}

export class HeldDatagrams {
  /** By the message in the datagram, which its held sets share. */
  readonly #byMessage = new Map<MessageContext, HeldDatagram>()
  readonly #expired: number[] = []

  get count(): number {
    return this.#byMessage.size
  }

  /** Notes that `sets` more sets of a message wait. */
  hold(
    message: MessageContext,
    { exporter, number, heldAtMs }: Omit<HeldDatagram, 'waiting'>,
    sets = 1,
  ): void {
    const known = this.#byMessage.get(message)
    if (known) known.waiting += sets
    else this.#byMessage.set(message, { exporter, number, heldAtMs, waiting: sets })
  }

  /**
   * Notes that a set of a message was decoded.
   *
   * @returns whether that was the last set of a held datagram, which is then no longer held
   */
  release(message: MessageContext): boolean {
    const datagram = this.#byMessage.get(message)
    if (!datagram) return false
    datagram.waiting -= 1
    return datagram.waiting === 0 && this.#byMessage.delete(message)
  }

  /**
   * Notes that a set of a message was given up.
   *
   * @returns whether that was the first such set of a held datagram, which is then no longer held
   */
  expire(message: MessageContext): boolean {
    const datagram = this.#byMessage.get(message)
    if (!datagram) return false
    if (datagram.waiting > 1) this.#expired.push(datagram.number)
    return this.#byMessage.delete(message)
  }

  /** Returns the messages of datagrams that came up to a time, in the order of arrival. */
  heldUntil(limitMs: number): readonly MessageContext[] {
    const messages: MessageContext[] = []
    for (const [message, { heldAtMs }] of this.#byMessage) {
      if (heldAtMs > limitMs) break
      messages.push(message)
    }
    return messages
  }

  /** Returns the number of a held datagram. */
  numberOf(message: MessageContext): number | undefined {
    return this.#byMessage.get(message)?.number
  }

  /**
   * Returns the numbers of datagrams that have expired since the last call although some of their
   * sets still wait.
   */
  takeExpired(): readonly number[] {
    return this.#expired.splice(0)
  }

  /** Counts the held datagrams by exporter. */
  countByExporter(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>()
    for (const { exporter } of this.#byMessage.values()) {
      counts.set(exporter, (counts.get(exporter) ?? 0) + 1)
    }
    return counts
  }
}
