import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { judgeWriterHealth, type WriterCondition } from '../../writer/health.ts'

const WELL: WriterCondition = {
  isLoading: true,
  databaseAwayMs: 0,
  refusal: undefined,
  journalFill: 0.2,
  hindrance: undefined,
  pipeProblem: undefined,
}

describe('the health of the writer', () => {
  function judge(changes: Partial<WriterCondition>) {
    const { healthy, detail } = judgeWriterHealth({ ...WELL, ...changes })
    return { healthy, problems: detail['problems'] as readonly string[] }
  }

  it('is fine while the database takes the rows, and for a minute without it', () => {
    assert.deepEqual(judge({}), { healthy: true, problems: [] })
    assert.deepEqual(judge({ databaseAwayMs: 59_000, journalFill: 0.8 }), judge({}))
  })

  it('is bad, and says why, when the database has been away for more than a minute', () => {
    const { healthy, problems } = judge({ databaseAwayMs: 75_000 })
    assert.equal(healthy, false)
    assert.match(problems.join(), /the database has been away for 75 s/)
  })

  it('is bad at once, and says why, when the database refuses the flows', () => {
    const { healthy, problems } = judge({ databaseAwayMs: 90_000, refusal: 'a right is missing' })
    assert.equal(healthy, false)
    assert.deepEqual(problems, [
      'the database refuses the flows: a right is missing; the journal keeps them',
    ])
    assert.equal(judge({ databaseAwayMs: 1, refusal: 'a right is missing' }).healthy, false)
  })

  it('is bad, and says why, when the journal is over 80 % full', () => {
    const { healthy, problems } = judge({ journalFill: 0.85 })
    assert.equal(healthy, false)
    assert.match(problems.join(), /the journal is 85 % full/)
  })

  it('is bad, and says why, while nothing is read or loaded', () => {
    const { healthy, problems } = judge({ isLoading: false, hindrance: 'disk-full' })
    assert.equal(healthy, false)
    assert.deepEqual(problems.length, 2)
    assert.match(problems.join(), /the pipe is not read: disk-full/)
  })

  it('is bad, and says why, while a collector that starts would not find the pipe', () => {
    const { healthy, problems } = judge({ pipeProblem: '/x exists and is no named pipe' })
    assert.equal(healthy, false)
    assert.match(problems.join(), /the pipe cannot be found: \/x exists/)
  })

  it('is fine but degraded, and says so, while the rollups are over ten minutes behind', () => {
    const judgeRollups = (rollups: { enabled: boolean; lagSeconds: number }) => {
      const { healthy, detail } = judgeWriterHealth({ ...WELL, rollups })
      return { healthy, degraded: detail['degraded'], warnings: String(detail['warnings']) }
    }
    assert.deepEqual(judgeRollups({ enabled: true, lagSeconds: 601 }), {
      healthy: true,
      degraded: true,
      warnings: 'the rollups are 601 s behind: answers are exact, but slow',
    })
    const fine = { healthy: true, degraded: false, warnings: '' }
    assert.deepEqual(judgeRollups({ enabled: true, lagSeconds: 600 }), fine)
    assert.deepEqual(judgeRollups({ enabled: false, lagSeconds: 1e6 }), fine)
  })

  it('is fine but degraded, and says so, while old partitions wait for the archive', () => {
    const { healthy, detail } = judgeWriterHealth({ ...WELL, waitingForArchive: 2 })
    const { degraded, warnings, waitingForArchive } = detail
    assert.deepEqual([healthy, degraded, waitingForArchive], [true, true, 2])
    assert.match(String(warnings), /^2 old partitions are not archived, and stay: run netflow/)
  })
})
