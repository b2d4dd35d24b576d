/** The decoder of the npm package node-netflowv9, a peer of ours; its socket stays closed. */

import { createRequire } from 'node:module'

const PACKAGE = 'node-netflowv9'
const EXPORTER = { address: '192.0.2.1', port: 2055 } as const

/** The used part of the package, which has no types of its own. */
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
  /** Decodes a datagram into one object per flow; returns how many there are. */
  readonly decode: (datagram: Buffer) => number
  /** Forgets all templates. */
  readonly reset: () => void
}

/** The versions of the benchmark that this decoder knows. */
export const PEER_VERSIONS: readonly number[] = [5, 9]

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

/** The constructor creates a socket; it is closed before anybody binds it. */
function createCollector(Collector: new (options: object) => PeerCollector): PeerCollector {
  const collector = new Collector({})
  collector.server.close()
  return collector
}
