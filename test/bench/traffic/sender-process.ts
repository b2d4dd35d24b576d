/**
 * The process that sends for the benchmark, so that making and sending datagrams does not compete
 * with measuring them. It makes them before, and does what `sender.ts` tells it.
 */

import { sendPaced } from './paced-sender.ts'
import { type SampleStream, V5_STREAM, V9_STREAM } from './sample-messages.ts'

/** What is sent: messages of a stream by name, or as many zeros. */
export type SenderContent = { readonly stream: string } | { readonly bytes: number }

/** How to prepare, once. */
export interface SenderSetup {
  readonly content: SenderContent
  /** How many different datagrams to make; after them the first one comes again. */
  readonly datagrams: number
}

/** What to send, any number of times. */
export interface SenderOrder {
  readonly port: number
  readonly count: number
  readonly rate: number
}

/** What the process answers; without seconds: it is ready. */
export interface SenderAnswer {
  readonly seconds?: number
}

const STREAMS: readonly SampleStream[] = [V5_STREAM, V9_STREAM]

function makeDatagrams({ content, datagrams }: SenderSetup): Buffer[] {
  if ('bytes' in content) return [Buffer.alloc(content.bytes)]
  const stream = STREAMS.find(({ name }) => name === content.stream)
  if (!stream) throw new Error(`no stream is called ${content.stream}`)
  return Array.from({ length: datagrams }, (_, index) => stream.datagram(index))
}

const datagrams = makeDatagrams(JSON.parse(process.argv[2] ?? '') as SenderSetup)
process.on('message', async (order: SenderOrder) => {
  const datagram = (index: number) => datagrams[index % datagrams.length] as Buffer
  const seconds = await sendPaced({ ...order, datagram })
  answer({ seconds })
})
answer({})

function answer(message: SenderAnswer): void {
  process.send?.(message)
}
