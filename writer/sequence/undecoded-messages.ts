/**
 * The messages of one stream whose number of records is not known yet, so that loss after them
 * becomes exact once their held sets are decoded. Bounded: the oldest message is forgotten.
 */

const MAX_MESSAGES = 64

/** A message with sets that are not decoded yet, and the numbers up to the message after it. */
export interface UndecodedMessage {
  readonly sequence: number
  /** The first number that is not accounted for: behind the records decoded so far. */
  from: number
  /** The number of the message after it; undefined until there is one. */
  to: number | undefined
  /** How many sets are still not decoded. */
  sets: number
}

export class UndecodedMessages {
  #messages: UndecodedMessage[] = []

  add(message: UndecodedMessage): void {
    this.#messages.push(message)
    if (this.#messages.length > MAX_MESSAGES) this.#messages.shift()
  }

  /** Says which number came after the last message. */
  close(to: number): void {
    const last = this.#messages.at(-1)
    if (last !== undefined) last.to ??= to
  }

  has(sequence: number): boolean {
    return this.#messages.some((message) => message.sequence === sequence)
  }

  /** Adds the records of one set that was decoded after all; gives the message when it is the last. */
  release(sequence: number, dataRecords: number): UndecodedMessage | undefined {
    const message = this.#messages.findLast((candidate) => candidate.sequence === sequence)
    if (message === undefined) return undefined
    message.from = (message.from + dataRecords) >>> 0
    message.sets -= 1
    if (message.sets > 0) return undefined
    this.#messages = this.#messages.filter((other) => other !== message)
    return message
  }

  /** Forgets the message whose open range has this number: a late datagram came out of it. */
  forgetAround(sequence: number): void {
    this.#messages = this.#messages.filter(
      ({ from, to }) => to === undefined || (sequence - from) >>> 0 >= (to - from) >>> 0,
    )
  }

  clear(): void {
    this.#messages = []
  }
}
