/** Puts fragmented IP packets together, within fixed limits. */

/** Packets that may wait for fragments; with one more, the oldest is given up. */
const MAX_PACKETS = 4_096
/** How long they may wait, in the time of the capture: IP itself gives up after 15 to 60 s. */
const MAX_AGE_MICROS = 60_000_000
const MAX_BYTES = 65_535

export interface Fragment {
  /** Identifies the packet: addresses and identification. */
  readonly key: string
  /** Place of `bytes` in the packet's content. */
  readonly offset: number
  readonly bytes: Buffer
  readonly isLast: boolean
  readonly micros: number
}

interface Piece {
  readonly offset: number
  readonly bytes: Buffer
}

interface Waiting {
  readonly pieces: Piece[]
  readonly sinceMicros: number
  /** Length of the whole content; −1 before the last fragment has come. */
  length: number
}

export class Fragments {
  readonly #waiting = new Map<string, Waiting>()
  #incomplete = 0

  /** Packets given up, and those that still wait. */
  get incomplete(): number {
    return this.#incomplete + this.#waiting.size
  }

  /** Adds a fragment. @returns the content of the packet once it is whole */
  add(fragment: Fragment): Buffer | undefined {
    const { key, offset, bytes, isLast, micros } = fragment
    if (offset + bytes.length > MAX_BYTES) return undefined
    let waiting = this.#waiting.get(key)
    if (waiting && micros - waiting.sinceMicros > MAX_AGE_MICROS) {
      this.#giveUp(key)
      waiting = undefined
    }
    if (waiting === undefined) {
      waiting = { pieces: [], sinceMicros: micros, length: -1 }
      this.#makeRoom()
      this.#waiting.set(key, waiting)
    }
    // Copied, as a part of it would keep the whole chunk of the file in memory.
    waiting.pieces.push({ offset, bytes: Buffer.from(bytes) })
    if (isLast) waiting.length = offset + bytes.length
    const whole = join(waiting)
    if (whole) this.#waiting.delete(key)
    return whole
  }

  #makeRoom(): void {
    if (this.#waiting.size < MAX_PACKETS) return
    for (const key of this.#waiting.keys()) {
      this.#giveUp(key)
      return
    }
  }

  #giveUp(key: string): void {
    this.#waiting.delete(key)
    this.#incomplete += 1
  }
}

/**
 * Joins the pieces; undefined while bytes are missing. Where pieces overlap, the one that begins
 * first counts.
 */
function join({ pieces, length }: Waiting): Buffer | undefined {
  if (length < 0) return undefined
  const content = Buffer.alloc(length)
  let end = 0
  for (const { offset, bytes } of pieces.toSorted((a, b) => a.offset - b.offset)) {
    if (offset > end) return undefined
    const fresh = bytes.subarray(Math.max(0, end - offset), Math.max(0, length - offset))
    fresh.copy(content, end)
    end += fresh.length
  }
  return end === length ? content : undefined
}
