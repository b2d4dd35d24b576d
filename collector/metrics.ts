/** The collector's metrics, read from its status at each request. */

import { Counter, Gauge, Registry } from 'prom-client'
import { addProcessMetrics } from '../shared/process-metrics.ts'
import type { CollectorStatus } from './collector.ts'

const PREFIX = 'netflow_collector_'

/** Creates the registry of a collector; `read` returns its present status. */
export function createCollectorRegistry(read: () => CollectorStatus): Registry {
  const registry = new Registry()
  addProcessMetrics(registry)
  const counter = (name: string, help: string, value: (status: CollectorStatus) => number) => {
    new Counter({
      name: `${PREFIX}${name}_total`,
      help,
      registers: [registry],
      collect() {
        this.reset()
        this.inc(value(read()))
      },
    })
  }
  counter('datagrams_received', 'Datagrams received from the sockets.', (now) => now.received)
  counter('received_bytes', 'Payload bytes received from the sockets.', (now) => now.receivedBytes)
  counter('datagrams_forwarded', 'Datagrams whose line is in the pipe.', (now) => now.forwarded)
  counter(
    'datagrams_queue_dropped',
    'Datagrams dropped because the queue was full.',
    (now) => now.queueDropped,
  )
  if (read().kernelDropped !== null) {
    counter(
      'datagrams_kernel_dropped',
      'Datagrams that the kernel dropped at the receive buffers.',
      (now) => now.kernelDropped ?? 0,
    )
  }
  addGauges(registry, read)
  return registry
}

function addGauges(registry: Registry, read: () => CollectorStatus): void {
  new Gauge({
    name: `${PREFIX}queue_bytes`,
    help: 'Bytes of lines that the pipe has not accepted yet.',
    registers: [registry],
    collect() {
      this.set(read().queuedBytes)
    },
  })
  new Gauge({
    name: `${PREFIX}queue_datagrams`,
    help: 'Datagrams that the pipe has not accepted yet.',
    registers: [registry],
    collect() {
      this.set(read().queuedDatagrams)
    },
  })
  new Gauge({
    name: `${PREFIX}receive_buffer_bytes`,
    help: 'Receive buffer that the kernel granted, in the unit of UDP_RECEIVE_BUFFER_BYTES.',
    labelNames: ['address', 'port'],
    registers: [registry],
    collect() {
      this.reset()
      for (const { address, port, receiveBufferBytes } of read().sockets) {
        this.set({ address, port: String(port) }, receiveBufferBytes)
      }
    },
  })
}
