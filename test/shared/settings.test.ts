import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { databaseUrl, printableSettings, readSettings, text } from '../../shared/settings.ts'

describe('settings', () => {
  it('are shown without secrets', () => {
    const shown = printableSettings({
      DATABASE_URL: 'postgres://u:secret@h/d',
      NETFLOW_WRITER_PASSWORD: 'secret',
      COPY_LANES: 2,
      NETFLOW_READER_PASSWORD: '',
    })
    assert.deepEqual(shown, {
      DATABASE_URL: 'postgres://u@h/d',
      NETFLOW_WRITER_PASSWORD: '***',
      COPY_LANES: 2,
      NETFLOW_READER_PASSWORD: '',
    })
  })

  it('refuse a connection string that is unclear, without repeating it', () => {
    const shape = { DATABASE_URL: databaseUrl(), OTHER: text('x') }
    assert.equal(readSettings(shape, {}).DATABASE_URL, '')
    for (const DATABASE_URL of ['postgres://u:se/cret@h/d', 'host=h password=secret']) {
      assert.throws(
        () => readSettings(shape, { DATABASE_URL }),
        (error: Error) => {
          assert.match(error.message, /- DATABASE_URL: expected postgres:.* write \/ as %2F/)
          assert.doesNotMatch(error.message, /cret/)
          return true
        },
      )
    }
  })
})
