/** A process that makes datagrams in advance and sends them at the orders of `sender.ts`. */

import { sendPaced } from './paced-sender.ts'
import { type SampleStream, V5_STREAM, V9_STREAM } from './sample-messages.ts'

/** The datagrams to send: messages of a stream by its name, or this many zero bytes. */
export type SenderContent = { readonly stream: string } | { readonly bytes: number }

export interface SenderSetup {
  readonly content: SenderContent
  /** Number of different datagrams; they repeat from the first one on. */
  readonly datagrams: number
}

/** Can be given any number of times. */
export interface SenderOrder {
  readonly port: number
  readonly count: number
  readonly rate: number
}

/** The seconds that an order took; without them: the process is ready. */
export interface SenderAnswer {
  readonly seconds?: number
}

const STREAMS: readonly SampleStream[] = [V5_STREAM, V9_STREAM]

function makeDatagrams({ content, datagrams }: SenderSetup): Buffer[] {
  if ('bytes' in content) return [Buffer.alloc(content.bytes)]
  const stream = STREAMS.find(({ name }) => name === content.stream)
  if (!stream) throw new Error(`unknown stream: ${content.stream}`)
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
