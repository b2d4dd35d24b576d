/** The key of a stream: the messages of one exporter, one version and one observation domain. */

export interface StreamKey {
  /** Text of the exporter's address. */
  readonly exporter: string
  readonly exportVersion: number
  readonly observationDomain: number
}

/** A key with the exporter's address in bytes. */
export interface AddressedStreamKey extends StreamKey {
  /** 4 or 16 bytes; empty where no row is written. */
  readonly exporterBytes: Uint8Array
}

/** Returns a key as text, for maps. */
export function streamKeyText({ exporter, exportVersion, observationDomain }: StreamKey): string {
  return `${exporter}/${exportVersion}/${observationDomain}`
}
