/**
 * The messages of one stream that hold an unknown number of records. The loss after such a message
 * is computed once its held sets are decoded.
 */

/** Beyond this, the oldest message is forgotten. */
const MAX_UNDECODED_MESSAGES = 64

/** A message with undecoded sets, and the range of numbers that they hide. */
interface UndecodedMessage {
  readonly sequence: number
  /** The first number after the records decoded so far. */
  from: number
  /** The number of the next message; undefined until there is one. */
  to: number | undefined
  /** The number of sets that are not decoded yet. */
  sets: number
}

export class UndecodedMessages {
  #messages: UndecodedMessage[] = []

  get size(): number {
    return this.#messages.length
  }

  /** Adds the newest message of the stream. */
  add(message: UndecodedMessage): void {
    this.#messages.push(message)
    if (this.#messages.length > MAX_UNDECODED_MESSAGES) this.#messages.shift()
  }

  /** Notes the number of the message that came after the newest one. */
  close(to: number): void {
    const last = this.#messages.at(-1)
    if (last !== undefined) last.to ??= to
  }

  /** Whether a message has this number. */
  has(sequence: number): boolean {
    return this.#messages.some((message) => message.sequence === sequence)
  }

  /**
   * Adds the records of one set that is decoded now.
   *
   * @returns the message when this was its last undecoded set; the message is then removed
   */
  release(sequence: number, dataRecords: number): UndecodedMessage | undefined {
    const message = this.#messages.findLast((candidate) => candidate.sequence === sequence)
    if (message === undefined) return undefined
    message.from = (message.from + dataRecords) >>> 0
    message.sets -= 1
    if (message.sets > 0) return undefined
    this.#messages = this.#messages.filter((other) => other !== message)
    return message
  }

  /** Forgets the message with this number in its range, because a late datagram came from there. */
  forgetAround(sequence: number): void {
    this.#messages = this.#messages.filter(
      ({ from, to }) => to === undefined || (sequence - from) >>> 0 >= (to - from) >>> 0,
    )
  }

  /** Forgets all messages. */
  clear(): void {
    this.#messages = []
  }
}
