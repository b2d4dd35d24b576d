/** Prometheus gauges of the file system that holds the journal. */

import { statfs } from 'node:fs/promises'
import { Gauge, type Registry } from 'prom-client'

/** Registers how large the file system of a folder is, and how much of it is free. */
export function addDiskMetrics(registry: Registry, folderOf: () => string): void {
  const gauge = (name: string, help: string, blocks: 'blocks' | 'bavail') =>
    new Gauge({
      name: `netflow_writer_journal_disk_${name}`,
      help,
      registers: [registry],
      async collect() {
        try {
          const found = await statfs(folderOf())
          this.set(found[blocks] * found.bsize)
        } catch {
          // Without a folder there is no figure: 0 would look like a full disk.
          this.remove()
        }
      },
    })
  gauge('bytes', 'Size of the file system of the journal.', 'blocks')
  gauge('free_bytes', 'Bytes free in the file system of the journal.', 'bavail')
}
