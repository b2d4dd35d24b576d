import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import pg from 'pg'
import { describeCause, isFault, serializeError } from '../../shared/logged-error.ts'

function catchError(action: () => unknown): unknown {
  try {
    return action()
  } catch (error) {
    return error
  }
}

describe('the error of a log', () => {
  it('of the system or an operator is one line without a stack', () => {
    const error = catchError(() => readFileSync('/nowhere/file'))
    assert.deepEqual(serializeError(error), {
      type: 'Error',
      code: 'ENOENT',
      message: "ENOENT: no such file or directory, open '/nowhere/file'",
    })
    const wrapped = Object.assign(new Error('no\n  pipe', { cause: error }), { code: 'NO_PIPE' })
    assert.equal(serializeError(wrapped).message, 'no pipe')
    assert.match(serializeError(wrapped).cause ?? '', /^ENOENT/)
    assert.equal(serializeError(wrapped).stack, undefined)
  })

  it('of a library without a code is none of this program', async () => {
    const error = await new pg.Client({ host: '127.0.0.1', port: 1, connectionTimeoutMillis: 1 })
      .connect()
      .catch((reason: unknown) => reason)
    assert.equal(isFault(error), false)
  })

  it('of a mistake in this program has a stack', () => {
    const mistake = catchError(() => (undefined as unknown as { call: () => void }).call())
    for (const error of [mistake, new Error('a plain one')]) {
      assert.equal(isFault(error), true)
      assert.match(serializeError(error).stack ?? '', /logged-error\.test/)
    }
  })

  it('of several addresses names each cause once', () => {
    const refused = Object.assign(new Error('connect ECONNREFUSED ::1:5'), { code: 'ECONNREFUSED' })
    assert.equal(describeCause(new AggregateError([refused, refused])), refused.message)
  })

  it('has no other property, such as a URL with a password', () => {
    const error = catchError(() => new URL('postgres://u:sec/ret@h'))
    assert.doesNotMatch(JSON.stringify(serializeError(error)), /ret@h/)
  })
})
