/**
 * Judges what a storm has left in the database: every flow once, every loss accounted for, the balance
 * even. It only reads.
 */

import { queryRows } from '../helpers/pipeline.ts'

/** The flows of an exporter, numbered from 0 in `bytes`. */
export interface SentFlows {
  readonly address: string
  readonly flows: number
}

export interface Verdict {
  /** Problems, for people; empty when there are none. */
  readonly problems: readonly string[]
  readonly storedFlows: number
  /** Datagrams that the kernel dropped before the collector, as the collectors have reported. */
  readonly kernelDropped: number
}

type Row = Record<string, unknown>

/** Stretches of equal sign, the first few: serial numbers that are not there once. */
const WRONG_SERIALS = `
  select times, min(serial)::int as first, max(serial)::int as last, count(*)::int as n
  from (
    select serial, times, serial - row_number() over (partition by times order by serial) as stretch
    from (
      select serial, count(flows.bytes) as times
      from generate_series(0, $2::bigint - 1) as serial
      left join flows on flows.bytes = serial and flows.exporter = $1
      group by serial
    ) as counted
    where times <> 1
  ) as wrong
  group by times, stretch order by first limit 20`

const LEDGER = `
  select host(exporter) as exporter, sequence_unit as unit, coalesce(lost, 0)::int as lost,
    late::int as late, duplicates::int as duplicates, restarts::int as restarts,
    (select coalesce(sum(lost), 0)::int from sequence_gaps
     where sequence_gaps.exporter = streams.exporter) as declared
  from exporter_streams as streams`

const BALANCE = `
  select scope, host(exporter) as exporter, difference::int as difference, received::int as received,
    decoded::int as decoded, held::int as held, collector_received::int as collected,
    kernel_dropped::int as kernel, queue_dropped::int as queue, lost_in_pipe::int as "lostInPipe",
    (select sum(forwarded)::int from collector_reports) as forwarded
  from balance`

export class Judge {
  readonly #url: string
  readonly #flowsPerDatagram: number
  readonly #problems: string[] = []

  constructor(url: string, flowsPerDatagram: number) {
    this.#url = url
    this.#flowsPerDatagram = flowsPerDatagram
  }

  /** Looks at everything; nothing may write meanwhile. */
  async judge(sent: readonly SentFlows[]): Promise<Verdict> {
    const ledger = await this.#ask(LEDGER)
    let storedFlows = 0
    let lostDatagrams = 0
    for (const exporter of sent) {
      const rows = ledger.filter((row) => row['exporter'] === exporter.address)
      const lost = this.#judgeLedger(exporter.address, rows)
      lostDatagrams += lost
      storedFlows += await this.#judgeFlows(exporter, lost * this.#flowsPerDatagram)
    }
    const total = await this.#judgeBalance()
    const kernelDropped = Number(total?.['kernel'])
    this.#expect('lost by the ledgers and dropped by the kernel', lostDatagrams, kernelDropped)
    this.#expect('datagrams decoded', total?.['decoded'], storedFlows / this.#flowsPerDatagram)
    return { problems: this.#problems, storedFlows, kernelDropped }
  }

  #ask(sql: string, values: readonly unknown[] = []): Promise<Row[]> {
    return queryRows(this.#url, sql, values)
  }

  #expect(what: string, found: unknown, expected: unknown): void {
    if (found !== expected) this.#problems.push(`${what}: ${found}, expected ${expected}`)
  }

  /** Returns the datagrams that the ledger says were lost. */
  #judgeLedger(address: string, rows: readonly Row[]): number {
    this.#expect(`streams of ${address}`, rows.length, 1)
    const { unit, lost = 0, declared, late, duplicates, restarts } = rows[0] ?? {}
    this.#expect(`${address}, lost in sequence_gaps`, declared, lost)
    this.#expect(`${address}, late`, late, 0)
    this.#expect(`${address}, duplicates`, duplicates, 0)
    this.#expect(`${address}, restarts`, restarts, 0)
    return unit === 'datagrams' ? Number(lost) : Number(lost) / this.#flowsPerDatagram
  }

  async #judgeFlows({ address, flows }: SentFlows, lost: number): Promise<number> {
    const [row] = await this.#ask(
      `select count(*)::int as rows, count(distinct bytes)::int as serials
       from flows where exporter = $1`,
      [address],
    )
    this.#expect(`${address}, rows in flows`, row?.['rows'], flows - lost)
    this.#expect(`${address}, different flows`, row?.['serials'], flows - lost)
    if (row?.['rows'] !== flows || row['serials'] !== flows) {
      for (const { times, first, last, n } of await this.#ask(WRONG_SERIALS, [address, flows])) {
        const text = `${address}, flows ${first} to ${last}: there ${times} times (${n} flows)`
        if (lost === 0 || times !== '0') this.#problems.push(text)
      }
    }
    return Number(row?.['rows'])
  }

  async #judgeBalance(): Promise<Row | undefined> {
    const rows = await this.#ask(BALANCE)
    for (const { scope, exporter, difference } of rows) {
      this.#expect(`balance, ${exporter ?? scope}, difference`, difference, 0)
    }
    const total = rows.find(({ scope }) => scope === 'total')
    this.#expect('datagrams received by the writer', total?.['received'], total?.['collected'])
    this.#expect('datagrams forwarded', total?.['forwarded'], total?.['collected'])
    this.#expect('datagrams held', total?.['held'], 0)
    this.#expect('datagrams dropped by the queue', total?.['queue'], 0)
    this.#expect('datagrams lost in the pipe', total?.['lostInPipe'], 0)
    return total
  }
}
