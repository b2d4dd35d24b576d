/** Two exporters on the loopback network that send numbered flows, and the check of what arrived. */

import assert from 'node:assert/strict'
import { FlowSender } from '../helpers/flow-sender.ts'
import { until } from '../helpers/until.ts'
import type { Deployment } from './deployment.ts'

const EXPORTERS = ['127.0.0.1', '127.0.0.2'] as const
const FLOWS_PER_DATAGRAM = 10
const DATAGRAMS_PER_SECOND = 100

/** The bytes of a flow are its serial number, which reveals duplicates. */
const ACCOUNT = `
select host(exporter) as exporter, count(*)::int as flows, count(distinct bytes)::int as serials,
       max(bytes)::int as last, bool_and(export_version = 5) as is_v5,
       (select sum(lost)::int from exporter_streams where exporter = flows.exporter) as lost
from flows group by exporter order by exporter`

export class Traffic {
  readonly #deployment: Deployment
  readonly #senders: readonly FlowSender[]

  constructor(deployment: Deployment) {
    this.#deployment = deployment
    this.#senders = EXPORTERS.map(
      (from) =>
        new FlowSender({
          port: deployment.ports.netflow,
          from,
          exportVersion: 5,
          flowsPerDatagram: FLOWS_PER_DATAGRAM,
        }),
    )
  }

  /** Sends a number of datagrams from each exporter. */
  async send(datagrams: number): Promise<void> {
    await Promise.all(this.#senders.map((one) => one.send(datagrams, DATAGRAMS_PER_SECOND)))
  }

  /** Sends from both exporters before, during and after `action`. */
  async during(action: () => Promise<void>): Promise<void> {
    let isOver = false
    const sending = this.#senders.map(async (sender) => {
      while (!isOver) await sender.send(20, DATAGRAMS_PER_SECOND)
    })
    try {
      await this.send(20)
      await action()
    } finally {
      isOver = true
      await Promise.all(sending)
    }
    await this.send(20)
  }

  /** Waits until the collector has received all datagrams. */
  async untilReceived(): Promise<void> {
    const sent = this.#senders.reduce((sum, sender) => sum + sender.sentDatagrams, 0)
    const url = `http://127.0.0.1:${this.#deployment.ports.collector}/metrics`
    await until('the collector has received what was sent', async () => {
      const text = await (await fetch(url)).text()
      const [, received] = /^netflow_collector_datagrams_received_total (\d+)$/m.exec(text) ?? []
      return Number(received) === sent
    })
  }

  /** Waits until all flows are stored, and checks that each is there once, under its exporter. */
  async assertStored(): Promise<void> {
    const sent = this.#senders.reduce((sum, sender) => sum + sender.sentFlows, 0)
    let account: Record<string, unknown>[] = []
    const isComplete = async () => {
      account = await this.#deployment.query('reader', ACCOUNT).catch(() => account)
      return sumOf(account, 'flows') >= sent
    }
    await until(`${sent} flows are stored`, isComplete, 120_000).catch((error: Error) => {
      throw new Error(`${error.message}; there are ${JSON.stringify(account)}`)
    })
    const expected = this.#senders.map(({ sentFlows: flows }, index) => {
      const serials = { flows, serials: flows, last: flows - 1 }
      return { exporter: EXPORTERS[index], ...serials, is_v5: true, lost: 0 }
    })
    assert.deepEqual(account, expected)
  }

  /** Checks that nothing was dropped or refused, and nothing came twice. */
  async assertNothingDropped(): Promise<void> {
    const rows = await this.#deployment.query(
      'reader',
      `select (select sum(duplicates) from exporter_streams)::int as duplicates,
              (select count(*) from rejected_records)::int as parked,
              (select sum(queue_dropped + kernel_dropped) from collector_reports)::int as dropped`,
    )
    assert.deepEqual(rows, [{ duplicates: 0, parked: 0, dropped: 0 }])
  }

  close(): void {
    for (const sender of this.#senders) sender.close()
  }
}

function sumOf(rows: readonly Record<string, unknown>[], column: string): number {
  return rows.reduce((sum, row) => sum + Number(row[column]), 0)
}
