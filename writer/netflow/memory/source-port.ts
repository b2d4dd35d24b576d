/** One source port of a stream, and the series of sequence numbers that it sends. */

/** A count of records that is not known; it stays negative when other counts are added. */
export const UNKNOWN = -(2 ** 40)

/** Numbers that differ by more belong to different series, or the exporter has restarted. */
const NEAR = 512
/** A port that has come back to a series so often in a row sends several. Random numbers do not. */
const SERIES_RETURNS = 8
const MAX_SERIES = 4

/** One source port. Times are Unix microseconds. */
export class SourcePort {
  readonly port: number
  /** Ids of the templates that are in force for this port only; few ports have any. */
  #ownIds: Set<number> | undefined
  /** The last numbers of series that the port has left for another one. */
  #left: number[] | undefined
  /** How often in a row it has come back to such a series. */
  #returns = 0
  messages = 0
  heardMicros = 0
  /** The message of the stream that was the last one of this port. */
  turn = 0
  /** Shared by the ports of one numbering. */
  group: number
  /** How often in a row it has continued the numbers of another port of its group. */
  turns = 0
  // The last message.
  /** NaN: unknown. */
  sequence = Number.NaN
  dataRecords = UNKNOWN
  flowRecords = UNKNOWN
  templateRecords = 0

  constructor(port: number, group: number) {
    this.port = port
    this.group = group
  }

  /** Whether the port sends several series of numbers, as a relay of several exporters does. */
  get hasSeveralSeries(): boolean {
    return this.#returns >= SERIES_RETURNS
  }

  /**
   * Moves on to the number of a message.
   *
   * @returns whether the port turns out to send several series of numbers
   */
  moveTo(sequence: number): boolean {
    const before = this.sequence
    this.sequence = sequence
    if (Number.isNaN(before) || isNear(before, sequence)) return false
    this.#left ??= []
    const series = this.#left.findIndex((last) => isNear(last, sequence))
    if (series < 0) this.#returns = 0
    else {
      this.#left.splice(series, 1)
      this.#returns += 1
    }
    this.#left.push(before)
    if (this.#left.length > MAX_SERIES) this.#left.shift()
    return series >= 0 && this.#returns === SERIES_RETURNS
  }

  get ownIds(): readonly number[] {
    return [...(this.#ownIds ?? [])]
  }

  own(id: number): void {
    this.#ownIds ??= new Set()
    this.#ownIds.add(id)
  }

  disown(id: number): void {
    this.#ownIds?.delete(id)
  }
}

function isNear(one: number, other: number): boolean {
  return Math.abs((one - other) | 0) <= NEAR
}
