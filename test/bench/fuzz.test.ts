import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const FUZZ = fileURLToPath(new URL('fuzz.js', import.meta.url))
const run = promisify(execFile)

describe('npm run fuzz', () => {
  it('survives a run of every kind of datagram, and reports their cost per byte', async () => {
    const { stdout } = await run(process.execPath, [FUZZ, '--seed', '5', '--count', '2000'])
    assert.match(stdout, /^2,000 datagrams, .* flows/m)
    assert.match(stdout, /ns a byte on average/)
    assert.match(stdout, /survived\n$/)
  })
})
