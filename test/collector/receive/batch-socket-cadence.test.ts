/**
 * When the batch socket reads: with an imitation of the kernel, and of the timers. After each turn it
 * has exactly one plan for the next one, so it neither stops reading nor reads twice.
 */

import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { constants } from 'node:os'
import { describe, it, type TestContext } from 'node:test'
import { BatchSocket } from '../../../collector/receive/batch-socket.ts'
import { loadSocketCalls } from '../../../collector/receive/socket-calls.ts'
import { Random } from '../../helpers/random.ts'

const calls = loadSocketCalls()
const skip = calls ? false : 'the C library cannot be called here'

const LARGE_BUFFER = 33_554_432
/** Datagrams of one turn at most. */
const FLOOD = 2_048
const BATCH = 64

/** What the socket does next: it waits for the kernel, or reads after a pause, or in the next turn. */
type Plan = 'wait' | 'next turn' | number

/** A batch socket whose clock stands still but for `advance`. */
class Cadence {
  readonly #socket: BatchSocket
  /** Datagrams that the kernel still holds; below 0: an error number. */
  #held = 0
  #nowMs = 1_000
  #isWatching = false
  #onReadable = () => {}
  #timer: { readonly ms: number; readonly action: () => void } | undefined
  #immediate: (() => void) | undefined

  private constructor(context: TestContext, take: (imitation: Cadence) => BatchSocket) {
    this.#socket = take(this)
    context.after(() => this.#socket.stop())
  }

  static async start(context: TestContext, receiveBufferBytes = LARGE_BUFFER): Promise<Cadence> {
    assert.ok(calls)
    const node = createSocket('udp4')
    node.bind(0, '127.0.0.1')
    await once(node, 'listening')
    const made = new Cadence(context, (imitation) => {
      const socket = BatchSocket.takeOver(node, {
        calls: { ...(calls as NonNullable<typeof calls>), ...imitation.#kernel() },
        receiveBufferBytes,
        sink: { push: () => {}, flush: () => {} },
        counts: { datagrams: 0, bytes: 0 },
        onError: () => {},
      })
      return socket ?? assert.fail('the socket could not be taken over')
    })
    made.#imitateTimers(context)
    made.#socket.start()
    return made
  }

  #kernel() {
    return {
      receiveMessages: () => {
        const taken = this.#held < 0 ? this.#held : Math.min(this.#held, BATCH)
        this.#held = Math.max(0, this.#held - taken)
        return taken
      },
      watchReadable: (_: number, onReadable: () => void) => {
        this.#onReadable = onReadable
        return {
          start: () => {
            this.#isWatching = true
          },
          stop: () => {
            this.#isWatching = false
          },
          close: () => {},
        }
      },
    }
  }

  #imitateTimers(context: TestContext): void {
    const { mock } = context
    mock.method(performance, 'now', () => this.#nowMs)
    mock.method(globalThis, 'setTimeout', (action: () => void, ms: number) => {
      assert.equal(this.#timer, undefined, 'one pause at a time')
      this.#timer = { ms, action }
    })
    mock.method(globalThis, 'setImmediate', (action: () => void) => {
      assert.equal(this.#immediate, undefined, 'one turn at a time')
      this.#immediate = action
      return action
    })
  }

  /** The only plan; fails when there is none, or more than one. */
  get plan(): Plan {
    const plans: Plan[] = []
    // Before a next turn that is planned already, the kernel's reports change nothing.
    if (this.#isWatching && !this.#immediate) plans.push('wait')
    if (this.#timer) plans.push(this.#timer.ms)
    if (this.#immediate) plans.push('next turn')
    assert.equal(plans.length, 1, `plans: ${plans.join(', ') || 'none'}`)
    return plans[0] as Plan
  }

  /**
   * Lets the kernel hold datagrams, or fail, and the plan come true.
   *
   * @param held datagrams, or an error number below 0
   * @param waitMs how long a socket that waits has waited for them
   * @returns the next plan
   */
  turn(held: number, waitMs = 0): Plan {
    this.#held = held
    const { plan } = this
    if (plan === 'wait') this.#nowMs += waitMs
    // The kernel reports it again in each turn of the loop.
    for (let report = 0; this.#isWatching && report < 2; report++) this.#onReadable()
    if (typeof plan === 'number') {
      this.#nowMs += plan
      const action = this.#timer?.action
      this.#timer = undefined
      action?.()
    } else {
      const action = this.#immediate
      this.#immediate = undefined
      action?.()
    }
    return this.plan
  }
}

describe('the cadence of a batch socket', { skip }, () => {
  it('waits for datagrams that come singly, each time', async (context) => {
    const cadence = await Cadence.start(context)
    for (let round = 0; round < 5; round++) assert.equal(cadence.turn(1, 100), 'wait')
  })

  it('pauses for longest while some come, and waits again when none has come', async (context) => {
    const cadence = await Cadence.start(context)
    assert.equal(cadence.turn(2, 100), 20)
    for (let round = 0; round < 5; round++) assert.equal(cadence.turn(2), 20)
    assert.equal(cadence.turn(0), 'wait')
    assert.equal(cadence.turn(3, 100), 20)
    assert.equal(cadence.turn(1), 'wait')
  })

  it('pauses when single datagrams come closer together than a pause lasts', async (context) => {
    const cadence = await Cadence.start(context)
    assert.equal(cadence.turn(1, 100), 'wait')
    assert.equal(cadence.turn(1, 10), 20)
  })

  it('pauses hardly after many, and longer step by step when few come', async (context) => {
    const cadence = await Cadence.start(context)
    assert.equal(cadence.turn(129, 100), 1)
    assert.equal(cadence.turn(100), 1)
    const pauses = Array.from({ length: 21 }, () => cadence.turn(63))
    assert.deepEqual(pauses, [...Array.from({ length: 19 }, (_, index) => index + 2), 20, 20])
  })

  it('reads on in the next turn while a flood comes', async (context) => {
    const cadence = await Cadence.start(context)
    assert.equal(cadence.turn(3 * FLOOD, 100), 'next turn')
    assert.equal(cadence.turn(2 * FLOOD), 'next turn')
    assert.equal(cadence.turn(10), 20)
  })

  it('pauses after an error, and goes on', async (context) => {
    const cadence = await Cadence.start(context)
    assert.equal(cadence.turn(-constants.errno.ENOMEM), 50)
    assert.equal(cadence.turn(-constants.errno.ENOMEM), 50)
    assert.equal(cadence.turn(0), 'wait')
  })

  for (const [receiveBufferBytes, longestMs] of [
    [100_000, 0],
    [1_048_576, 5],
    [4_194_304, 20],
    [LARGE_BUFFER, 20],
  ] as const) {
    it(`always has one plan, and no pause over ${longestMs} ms with a receive buffer of ${receiveBufferBytes} bytes`, async (context) => {
      const cadence = await Cadence.start(context, receiveBufferBytes)
      const random = new Random(receiveBufferBytes)
      const kinds = [0, 0, 1, 1, 1, 2, 63, 64, 65, 128, 129, 1_000, FLOOD - 1, FLOOD, 5_000, -12]
      const seen = new Set<Plan>()
      for (let round = 0; round < 3_000; round++) {
        const kind = random.pick(kinds)
        const plan = cadence.turn(kind, random.below(40))
        seen.add(plan)
        if (typeof plan !== 'number') continue
        if (kind < 0) assert.equal(plan, 50)
        else assert.ok(plan >= 1 && plan <= longestMs, `a pause of ${plan} ms after ${kind}`)
      }
      for (const plan of ['wait', 'next turn', 50] as const) assert.ok(seen.has(plan), `${plan}`)
    })
  }
})
