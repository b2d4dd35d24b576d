/** How the journal is pulled, and how time passes; with imitations of its three parts. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Ingest } from '../../../writer/ingest/ingest.ts'
import { JournalPull } from '../../../writer/ingest/journal-pull.ts'
import type { JournalReader } from '../../../writer/journal/journal-reader.ts'
import type { JournalWriter } from '../../../writer/journal/journal-writer.ts'
import { RecordingLogger } from '../../collector/recording-logger.ts'

/** Something that a caller waits for until the test opens it. */
class Gate {
  #open = () => {}
  promise = Promise.resolve()

  close(): void {
    this.promise = new Promise((resolve) => {
      this.#open = resolve
    })
  }

  open(): void {
    this.#open()
  }
}

class Setup {
  /** What happened, in order. */
  readonly events: string[] = []
  /** Stretches that can be read now, and those that wait for others. */
  readonly ready: string[] = []
  gathering: string[] = []
  readonly room = new Gate()
  readonly more = new Gate()
  hindrance: string | undefined
  readonly pull: JournalPull

  constructor() {
    const setup = this
    const reader = {
      waitedMs: 7,
      get isCaughtUp() {
        return setup.ready.length + setup.gathering.length === 0
      },
      read: () => {
        const text = setup.ready.shift()
        return text === undefined
          ? undefined
          : { kind: 'bytes', bytes: Buffer.from(text), to: text.length }
      },
      more: () => {
        setup.more.close()
        return setup.more.promise
      },
      hurry: () => {
        const waits = setup.gathering.length > 0
        setup.ready.push(...setup.gathering.splice(0))
        if (waits) setup.more.open()
        return waits
      },
    } as unknown as JournalReader
    const ingest = {
      batcher: { room: () => setup.room.promise, committed: 5 },
      take: ({ bytes }: { readonly bytes: Buffer }, waitedMs: number) => {
        setup.events.push(`take ${bytes} ${waitedMs}`)
      },
      tick: ({ isCaughtUp }: { readonly isCaughtUp: boolean }) => {
        setup.events.push(`tick ${isCaughtUp}`)
      },
    } as unknown as Ingest
    const journalWriter = {
      get hindrance() {
        return setup.hindrance
      },
      journal: { trim: () => {} },
    } as unknown as JournalWriter
    const { logger } = new RecordingLogger()
    this.pull = new JournalPull({ journalWriter, reader, ingest, logger })
  }

  /** Lets stretches be read, as the journal does when it has grown. */
  bring(...texts: readonly string[]): void {
    this.ready.push(...texts)
    this.more.open()
  }

  /** Lets the pull go on until it waits. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < 20; turn++) await nextTurn()
  }
}

describe('the pull of the journal', () => {
  it('takes all stretches in their order, with how long they have waited', async () => {
    const setup = new Setup()
    setup.ready.push('a', 'b')
    void setup.pull.run()
    await setup.settle()
    setup.bring('c')
    await setup.settle()
    setup.bring('d', 'e')
    await setup.settle()
    assert.deepEqual(setup.events, ['take a 7', 'take b 7', 'take c 7', 'take d 7', 'take e 7'])
  })

  it('lets time pass at once while nothing waits', async () => {
    const setup = new Setup()
    void setup.pull.run()
    await setup.settle()
    setup.pull.tick()
    setup.hindrance = 'journal-full'
    setup.pull.tick()
    assert.deepEqual(setup.events, ['tick true', 'tick false'])
  })

  it('takes the bytes that wait for others before it lets time pass, once', async () => {
    const setup = new Setup()
    void setup.pull.run()
    await setup.settle()
    setup.gathering = ['a', 'b']
    setup.pull.tick()
    assert.deepEqual(setup.events, [])
    await setup.settle()
    assert.deepEqual(setup.events, ['take a 7', 'take b 7', 'tick true'])
    setup.bring('c')
    await setup.settle()
    assert.deepEqual(setup.events.slice(3), ['take c 7'])
  })

  it('lets time pass while the database takes no batch, and says that more waits', async () => {
    const setup = new Setup()
    setup.room.close()
    void setup.pull.run()
    setup.ready.push('a')
    setup.pull.tick()
    await setup.settle()
    assert.deepEqual(setup.events, ['tick false'])
    setup.room.open()
    await setup.settle()
    assert.deepEqual(setup.events, ['tick false', 'take a 7'])
  })

  it('takes nothing after a stop, and ends', async () => {
    const setup = new Setup()
    setup.room.close()
    const running = setup.pull.run()
    setup.ready.push('a')
    setup.pull.stop()
    setup.room.open()
    await running
    assert.deepEqual(setup.events, [])
  })
})
