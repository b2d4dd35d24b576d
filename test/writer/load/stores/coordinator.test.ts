import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { describeError } from '../../../../writer/load/database/sql-state.ts'
import { CoordinatorError } from '../../../../writer/load/stores/coordinator.ts'

describe('an answer of the coordinator', () => {
  it('is sorted by the SQLSTATE in its text', () => {
    const error = new CoordinatorError('ERROR:  55P03 canceling statement due to lock timeout')
    const { kind, sqlState, message } = describeError(error)
    assert.deepEqual(
      { kind, sqlState, message },
      { kind: 'retry', sqlState: '55P03', message: 'canceling statement due to lock timeout' },
    )
  })

  it('is an internal error without one', () => {
    const { kind, sqlState } = describeError(new CoordinatorError('no answer'))
    assert.deepEqual({ kind, sqlState }, { kind: 'retry', sqlState: 'XX000' })
  })
})
