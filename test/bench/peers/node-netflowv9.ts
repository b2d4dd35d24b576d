/**
 * The decoder of the npm package node-netflowv9, to compare with. It is a development dependency for
 * the benchmark only, and is loaded here alone; no socket is opened.
 */

import { createRequire } from 'node:module'

const PACKAGE = 'node-netflowv9'
const EXPORTER = { address: '192.0.2.1', port: 2055 } as const

/** What is used of the package, which has no types of its own. */
interface PeerCollector {
  readonly server: { close: () => void }
  nfPktDecode: (
    datagram: Buffer,
    sender: typeof EXPORTER,
  ) => { readonly flows: readonly unknown[] } | undefined
}

export interface PeerDecoder {
  /** Name and version of the package. */
  readonly name: string
  /** Decodes a datagram into an object a flow; gives how many there are. */
  readonly decode: (datagram: Buffer) => number
  /** Forgets its templates. */
  readonly reset: () => void
}

/** The versions that both it and we decode, and that the benchmark has. */
export const PEER_VERSIONS: readonly number[] = [5, 9]

/** Loads the package. */
export function loadPeerDecoder(): PeerDecoder {
  const require = createRequire(import.meta.url)
  const Collector: new (options: object) => PeerCollector = require(PACKAGE)
  const { version }: { version: string } = require(`${PACKAGE}/package.json`)
  let collector = createCollector(Collector)
  return {
    name: `${PACKAGE} ${version}`,
    decode: (datagram) => collector.nfPktDecode(datagram, EXPORTER)?.flows.length ?? 0,
    reset: () => {
      collector = createCollector(Collector)
    },
  }
}

/** Its constructor makes a socket, which nobody binds. */
function createCollector(Collector: new (options: object) => PeerCollector): PeerCollector {
  const collector = new Collector({})
  collector.server.close()
  return collector
}
