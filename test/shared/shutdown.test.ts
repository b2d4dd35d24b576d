import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { describe, it } from 'node:test'
import { promisify } from 'node:util'

const SHUTDOWN = new URL('../../shared/shutdown.js', import.meta.url).href
const LOGGER = new URL('../../shared/logger.js', import.meta.url).href

/** Warns as a library does, and ends when the warning is written. */
const WARNING = `
import { createLogger } from '${LOGGER}'
import { runMain } from '${SHUTDOWN}'
await runMain(createLogger('test', 'info'), async () => {
  process.emitWarning('first line\\n\\n  second line ' + 'x'.repeat(1000), 'Security', 'LIB1')
})`

describe('a process', () => {
  it('writes a warning of many lines as one line of its log', async () => {
    const args = ['--input-type=module', '--eval', WARNING]
    const { stdout, stderr } = await promisify(execFile)(process.execPath, args)
    assert.equal(stderr, '')
    const lines = stdout.trim().split('\n')
    assert.equal(lines.length, 1)
    const { level, msg, warning, code } = JSON.parse(lines[0] ?? '')
    assert.deepEqual({ level, warning, code }, { level: 40, warning: 'Security', code: 'LIB1' })
    assert.match(msg, /^first line second line x+$/)
    assert.equal(msg.length, 500)
  })
})
