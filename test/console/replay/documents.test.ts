/** Runs the replays of the console's document, and compares what they show with what is written there. */

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { encodePcap, frameOf, udpPacket } from '../../helpers/capture-files.ts'
import { codeBlocks, readDocument } from '../../helpers/markdown.ts'
import { encodeNumbered } from '../../helpers/numbered-messages.ts'
import { runLine } from '../terminal/terminal-harness.ts'

const RECEIVED_MS = Date.parse('2026-11-28T12:00:00Z')

/** A message of two flows with its template. */
function capture(): Buffer {
  const header = { now: RECEIVED_MS, uptimeMs: 60_000, sequence: 1, domain: 7 }
  const payload = encodeNumbered(9, header, { first: 1200, count: 2, withTemplate: true })
  const ends = { source: '192.0.2.1', destination: '192.0.2.9', sourcePort: 50_000, port: 2055 }
  const frame = frameOf('ethernet', udpPacket({ ...ends, payload }))
  return encodePcap([frame], { micros: RECEIVED_MS * 1000 })
}

describe("the document's replays", () => {
  const folder = mkdtempSync(join(tmpdir(), 'netflow-documents-'))
  const home = process.cwd()
  before(() => {
    const whole = capture()
    writeFileSync(join(folder, 'capture.pcap'), whole)
    writeFileSync(join(folder, 'cut.pcap'), whole.subarray(0, whole.length - 5))
    process.chdir(folder)
  })
  after(() => {
    process.chdir(home)
    rmSync(folder, { recursive: true })
  })

  const blocks = codeBlocks(readDocument('console/README.md'), 'text').filter((block) =>
    block.startsWith('$ netflow replay'),
  )

  it('are there', () => {
    assert.equal(blocks.length, 2)
  })

  for (const block of blocks) {
    const [line = ''] = block.split('\n')
    it(`show what is written: ${line}`, async () => {
      const { stdout, stderr } = await runLine(line.slice(2), '')
      assert.equal(`${line}\n${stdout}${stderr}`, block)
    })
  }
})
