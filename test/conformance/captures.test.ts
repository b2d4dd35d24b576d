import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { appendFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type Pipeline, QUICK, startWriterAlone } from '../helpers/pipeline.ts'

/** Captures of real exporters, which are beside the repository and no part of it. */
const CAPTURES = fileURLToPath(new URL('../../../../shared/captures/', import.meta.url))

const ROWS = `
  select host(exporter) as exporter, export_version as version, observation_domain::float8 as domain,
    host(src_addr) as src_addr, host(dst_addr) as dst_addr, host(next_hop) as next_hop,
    src_port, dst_port, protocol, tos, tcp_flags, packets::text, bytes::text,
    input_if::float8, output_if::float8, src_as::float8, dst_as::float8, src_mask, dst_mask,
    direction, src_vlan as vlan,
    (extract(epoch from flow_start) * 1000)::float8 as flow_start_ms,
    (extract(epoch from flow_end) * 1000)::float8 as flow_end_ms
  from flows`

/** The log text of each problem that a case expects. */
const REPORTS: Readonly<Record<string, RegExp>> = {
  'unsupported-version': /no NetFlow version/,
  'count-exceeds-length': /more records than it has room for/,
  'malformed-message': /malformed IPFIX message/,
  'no-template': /held a data set/,
  'set-overruns-datagram': /longer than its message/,
  'empty-template': /template without fields/,
  'zero-length-template': /records have no length/,
  'options-template-without-options': /options template has no options/,
}

interface CaseMeta {
  readonly must_report?: readonly { readonly code: string }[]
}

function readMeta(name: string): CaseMeta {
  return JSON.parse(readFileSync(join(CAPTURES, name, 'meta.json'), 'utf8')) as CaseMeta
}

function listCases(): string[] {
  return readdirSync(CAPTURES, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
}

function whySkipped(): string | false {
  if (!existsSync(CAPTURES)) return `no captures in ${CAPTURES}`
  const python = spawnSync('python3', ['--version'])
  return python.status === 0 ? false : 'python3, which compares the rows, is not installed'
}

type PipeLine = readonly [payload: string, receivedAt: number, source: readonly [string, number]]

/**
 * Assigns an address of its own to each exporter of each case: all cases go through one writer, and
 * none must meet the templates of another.
 */
class CaseAddresses {
  readonly #taken = new Set<string>()
  /** The address in the capture of every exporter. */
  readonly #captured = new Map<string, string>()

  /** Returns the lines of a case with its exporters' new addresses. */
  replaceIn(lines: readonly PipeLine[]): { lines: PipeLine[]; addresses: string[] } {
    const own = new Map<string, string>()
    for (const [, , [address]] of lines) {
      if (!own.has(address)) own.set(address, this.#take(address))
    }
    const replaced = lines.map(([payload, receivedAt, [address, port]]): PipeLine => {
      return [payload, receivedAt, [own.get(address) ?? address, port]]
    })
    return { lines: replaced, addresses: [...own.values()] }
  }

  #take(captured: string): string {
    const next = this.#captured.size + 1
    const fresh = captured.includes(':') ? `2001:db8:ffff::${next.toString(16)}` : `10.77.0.${next}`
    const address = this.#taken.has(captured) ? fresh : captured
    this.#taken.add(address)
    this.#captured.set(address, captured)
    return address
  }

  /** Returns the address in the capture. */
  capturedOf(address: string): string {
    return this.#captured.get(address) ?? address
  }
}

const skip = whySkipped()
describe('captures of real exporters', { skip }, () => {
  if (skip) return
  const addresses = new CaseAddresses()
  let pipeline: Pipeline
  let position = 0
  before(async () => {
    pipeline = await startWriterAlone({ environment: { ...QUICK, RETENTION_DAYS: '0' } })
  })
  after(() => pipeline.stop())

  /** Feeds a case to the writer and waits until it is stored; returns the exporters' addresses. */
  async function feedCase(name: string): Promise<string[]> {
    const text = readFileSync(join(CAPTURES, name, 'datagrams.jsonl'), 'utf8')
    const lines = text.split('\n').filter((line) => line !== '')
    const own = addresses.replaceIn(lines.map((line) => JSON.parse(line) as PipeLine))
    const bytes = own.lines.map((line) => `${JSON.stringify(line)}\n`).join('')
    appendFileSync(pipeline.pipePath, bytes)
    position += Buffer.byteLength(bytes)
    await pipeline.expectNumber('select position from journal_positions', position)
    return own.addresses
  }

  for (const name of listCases()) {
    it(`${name} becomes the expected rows`, async () => {
      const own = await feedCase(name)
      const rows = await pipeline.ask(`${ROWS} where host(exporter) = any ($1)`, [
        own.map(plainAddress),
      ])
      const captured = rows.map((row) => {
        return { ...row, exporter: addresses.capturedOf(String(row['exporter'])) }
      })
      const path = join(pipeline.folder, `${name}.rows.jsonl`)
      writeFileSync(path, captured.map((row) => `${JSON.stringify(row)}\n`).join(''))
      const compare = join(CAPTURES, 'compare.py')
      // It needs no installed packages, and finding these takes most of the start.
      const parameters = ['-S', compare, '--case', join(CAPTURES, name), path]
      const result = spawnSync('python3', parameters, { encoding: 'utf8' })
      assert.equal(result.status, 0, `${result.stdout}${result.stderr}`)
      const messages = pipeline
        .logOf('writer')
        .filter(({ exporter }) => own.map(plainAddress).includes(String(exporter)))
        .map(({ msg }) => String(msg))
        .join('\n')
      for (const { code } of readMeta(name).must_report ?? []) {
        const report = REPORTS[code]
        assert.ok(report, `no report is known for ${code}`)
        assert.match(messages, report)
      }
    })
  }
})

/** The writer writes an IPv4 address in IPv6 as IPv4. */
function plainAddress(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/, '')
}
