/**
 * The source ports that a stream is heard from. Ports that take turns in one series of sequence
 * numbers belong to one exporter process; any other port may be another exporter behind the address.
 */

import { MAX_PORTS_PER_STREAM } from '../limits.ts'

/** A count of records that is not known; it stays negative when other counts are added. */
const UNKNOWN = -(2 ** 40)
/** Ports that have continued each other's numbers this often are one process beyond doubt. */
const SURE_TURNS = 2
/**
 * A port is gone after a day of silence in which the stream had some messages: a step of the clock
 * alone does not count.
 */
const SILENT_MICROS = 86_400 * 1_000_000
const SILENT_MESSAGES = 64
/** Messages credited to a port that was heard before a restart of the writer. */
const RESTORED_MESSAGES = 64

/** Numbers that differ by more belong to different series, or the exporter has restarted. */
const NEAR = 512
/**
 * A port that returns to a series this often in a row sends several. Random numbers do not return.
 */
const SERIES_RETURNS = 8
const MAX_SERIES = 4

/** The counts of a message, by which its exporter's sequence number may advance. */
export interface MessageCounts {
  /** Flow and options records. */
  readonly dataRecords: number
  /** Those of released sets included. */
  readonly optionsRecords: number
  readonly releasedOptions: number
  readonly templateRecords: number
  /** Data sets whose records are unknown. */
  readonly waitingSets: number
  readonly uncountedSets: number
}

export class SourcePorts {
  readonly #ports = new Map<number, SourcePort>()
  readonly #onForget: (port: SourcePort) => void
  #current: SourcePort | undefined
  // The current message; its counts are `UNKNOWN` until it is decoded.
  #sequence = 0
  #dataRecords = UNKNOWN
  #flowRecords = UNKNOWN
  #nowMicros = 0
  #turn = 0
  #groups = 0
  /** Whether the current message is of another port than the last one, and is not judged yet. */
  #isOpen = false

  /** @param onForget called for each port that makes room for another one */
  constructor(onForget: (port: SourcePort) => void) {
    this.#onForget = onForget
  }

  get size(): number {
    return this.#ports.size
  }

  find(port: number): SourcePort | undefined {
    return this.#ports.get(port)
  }

  /** Notes the port and the number of the next message, before it is decoded. */
  arrive(port: number, sequence: number, nowMicros: number): void {
    this.#turn += 1
    this.#sequence = sequence
    this.#dataRecords = UNKNOWN
    this.#flowRecords = UNKNOWN
    this.#nowMicros = nowMicros
    let current = this.#current
    this.#isOpen = current?.port !== port
    if (current === undefined || this.#isOpen) {
      current = this.#ports.get(port) ?? this.#add(port)
      this.#current = current
      if (this.#ports.size > 1) this.#judge(current)
    }
    current.messages += 1
    current.heardMicros = nowMicros
    current.turn = this.#turn
  }

  /**
   * Notes the counts of the current message, after it was decoded.
   *
   * @returns whether its port turns out to send several series of numbers
   */
  note(counts: MessageCounts): boolean {
    const current = this.#current
    if (current === undefined) return false
    const isComplete = counts.waitingSets === 0 && counts.uncountedSets === 0
    this.#dataRecords = isComplete ? counts.dataRecords : UNKNOWN
    this.#flowRecords = this.#dataRecords - counts.optionsRecords + counts.releasedOptions
    if (this.#isOpen && isComplete && this.#ports.size > 1) this.#judge(current)
    const isFound = current.moveTo(this.#sequence)
    current.dataRecords = this.#dataRecords
    current.flowRecords = this.#flowRecords
    current.templateRecords = counts.templateRecords
    return isFound
  }

  /** Restores a port that was heard before a restart of the writer. */
  restore(port: number, heardMicros: number): SourcePort {
    const restored = this.#ports.get(port) ?? this.#add(port)
    restored.messages = RESTORED_MESSAGES
    restored.heardMicros = Math.max(restored.heardMicros, heardMicros)
    return restored
  }

  /** Whether two ports belong to one process, judging by their numbers. */
  isKin(one: number, other: number): boolean {
    return one === other || this.#countTurns(one, other) >= 0
  }

  /** Whether two ports belong to one process beyond doubt. */
  isSurelyKin(one: number, other: number): boolean {
    return one === other || this.#countTurns(one, other) >= SURE_TURNS
  }

  /**
   * Returns how often one port has continued the numbers of their group; −1 without a common group.
   */
  #countTurns(one: number, other: number): number {
    const first = this.#ports.get(one)
    const second = this.#ports.get(other)
    if (first === undefined || first.group !== second?.group) return -1
    return Math.max(first.turns, second.turns)
  }

  /** Whether a port is unknown, or has been silent long enough to count as gone. */
  isGone(port: number): boolean {
    const known = this.#ports.get(port)
    return known === undefined || this.#isGone(known)
  }

  /** Returns the port among `ports` with the fewest messages. */
  weakestOf(ports: readonly number[]): number | undefined {
    const messagesOf = (port: number) => this.#ports.get(port)?.messages ?? 0
    return ports.toSorted((one, other) => messagesOf(one) - messagesOf(other))[0]
  }

  #isGone({ turn, heardMicros }: SourcePort): boolean {
    return this.#turn - turn >= SILENT_MESSAGES && this.#nowMicros - heardMicros >= SILENT_MICROS
  }

  /**
   * Judges whether the current message continues the numbers of its own port or those of another one.
   * Some exporters number a message by its own records, which are unknown before it is decoded.
   */
  #judge(current: SourcePort): void {
    const isOwn = this.#follows(current)
    const other = this.#findContinued(current)
    if (isOwn === (other !== undefined)) return
    this.#isOpen = false
    if (other === undefined) this.#separate(current)
    else if (other.sequence !== this.#sequence) this.#join(current, other)
  }

  /** Finds the other port whose numbers the current message continues: the one heard last. */
  #findContinued(current: SourcePort): SourcePort | undefined {
    let last: SourcePort | undefined
    for (const other of this.#ports.values()) {
      if (other === current || (last !== undefined && other.turn < last.turn)) continue
      if (this.#follows(other)) last = other
    }
    return last
  }

  /** Whether the current message continues the numbers of a port. */
  #follows(last: SourcePort): boolean {
    if (Number.isNaN(last.sequence)) return false
    const step = (this.#sequence - last.sequence) >>> 0
    return (
      step === 1 ||
      step === last.dataRecords ||
      step === last.flowRecords ||
      step === last.dataRecords + last.templateRecords ||
      step === this.#dataRecords ||
      step === this.#flowRecords
    )
  }

  #separate(current: SourcePort): void {
    current.turns = 0
    this.#groups += 1
    current.group = this.#groups
  }

  #join(current: SourcePort, other: SourcePort): void {
    current.turns = current.group === other.group ? current.turns + 1 : 1
    current.group = other.group
  }

  #add(port: number): SourcePort {
    if (this.#ports.size >= MAX_PORTS_PER_STREAM) this.#forgetWeakest()
    const added = new SourcePort(port, ++this.#groups)
    this.#ports.set(port, added)
    return added
  }

  /**
   * Forgets the port that was heard least often, so that the ports of a flood displace each other.
   * Ports that are gone are forgotten first.
   */
  #forgetWeakest(): void {
    let weakest: SourcePort | undefined
    for (const port of this.#ports.values()) {
      if (weakest === undefined || this.#isWeaker(port, weakest)) weakest = port
    }
    if (weakest === undefined) return
    this.#ports.delete(weakest.port)
    this.#onForget(weakest)
  }

  #isWeaker(one: SourcePort, other: SourcePort): boolean {
    const isGone = this.#isGone(one)
    if (isGone !== this.#isGone(other)) return isGone
    if (!isGone && one.messages !== other.messages) return one.messages < other.messages
    return one.turn < other.turn
  }
}

/** One source port. Times are Unix microseconds. */
export class SourcePort {
  readonly port: number
  /** Few ports have any. */
  #ownIds: Set<number> | undefined
  /** The last numbers of series that the port has left for another one. */
  #left: number[] | undefined
  /** How often in a row it has come back to such a series. */
  #returns = 0
  messages = 0
  heardMicros = 0
  /** The number of the port's last message, counted over all ports of the stream. */
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

  /** Returns the ids of the templates that hold for this port only. */
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
