import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { describeError } from '../../../../writer/load/database/sql-state.ts'

/** Creates an error as the server reports it. */
function serverError(code: string, facts: Readonly<Record<string, string>> = {}) {
  return Object.assign(new Error('as the server says'), { severity: 'ERROR', code, ...facts })
}

describe('an error of the database', () => {
  it('is tried again when waiting may help', () => {
    const codes =
      '08006 57P01 57P03 53100 53300 58030 25006 40001 40P01 55P03 57014 25P02 25P03 25P04 55000 XX000'
    for (const code of codes.split(' ')) {
      assert.equal(describeError(serverError(code)).kind, 'retry', code)
    }
  })

  it('is a data error when a value or a constraint causes it', () => {
    for (const code of ['22003', '22P02', '22021', '23502', '23505', 'P0001']) {
      assert.equal(describeError(serverError(code)).kind, 'data', code)
    }
  })

  it('is sorted by the words of a node where a cluster has lost the SQLSTATE', () => {
    const ofNode = (message: string) => ({ ...serverError('XX000'), message })
    for (const [message, kind] of [
      ['new row for relation "flows_1_102008" violates check constraint "c"', 'data'],
      ['no partition of relation "flows_102008" found for row', 'partition'],
      ['operation is not allowed on this node', 'unexpected'],
      ['failure on connection marked as essential: 127.0.0.1:5432', 'retry'],
    ] as const) {
      assert.equal(describeError(ofNode(message)).kind, kind, message)
    }
  })

  it('distinguishes a missing partition from a check of an operator', () => {
    assert.equal(describeError(serverError('23514')).kind, 'partition')
    const check = serverError('23514', { constraint: 'small_enough' })
    assert.equal(describeError(check).kind, 'data')
  })

  it('is an access error or unexpected when an operator must act', () => {
    for (const code of ['28P01', '28000', '3D000', '42501']) {
      assert.equal(describeError(serverError(code)).kind, 'access', code)
    }
    assert.equal(describeError(serverError('42703')).kind, 'unexpected')
    assert.match(describeError(serverError('42P01')).condition, /npm run migrate/)
  })

  it('means a broken connection when it is not from the server, whatever its code', () => {
    for (const code of ['EPIPE', 'ECONNREFUSED', 'ENOENT', undefined]) {
      const error = Object.assign(new Error('broken'), { code })
      assert.deepEqual(describeError(error), {
        kind: 'retry',
        sqlState: '',
        condition: 'the server cannot be reached',
        message: 'broken',
      })
    }
  })

  it('is an access error when the client has no password', () => {
    const error = new Error('SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a string')
    assert.equal(describeError(error).kind, 'access')
  })
})
