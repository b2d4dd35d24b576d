/** Where statistics come from: rollups, flows, both; and after flows were dropped. */

import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import { SHALLOW } from '../../../../helpers/rollup-harness.ts'
import { SendersHarness } from '../senders-harness.ts'
import { askOracle, type Entry } from './stats-oracle.ts'

const EXPORTER = '192.0.2.1'
const PREFIX = '10.0.0.0/8'
const DAY = ['2026-11-19T00:00Z', '2026-11-20T00:00Z'] as const
const HOUR = '2026-11-19 00'
const MINUTE = '2026-11-19 00:30'
const MARGINS = ['all', 'proto:6', 'proto:17']
/** Fields whose greatest values are in the lists of hours and days. */
const KEYS = Array.from({ length: 40 }, (_, n) => `dstas:${65_000 + n}`)
const DROPPED = `
  delete from flows;
  update rollup_state set settled_until = '2026-11-20T00:00Z', minutes_since = '2026-11-19T00:00Z'`

describe('statistics', () => {
  let given: SendersHarness
  before(async () => {
    given = await SendersHarness.start()
  })
  after(() => given.stop())
  beforeEach(async () => {
    await given.clear()
    await given.rollups.ask(
      `insert into exporters (address) values ('${EXPORTER}');
       insert into exporter_prefixes values ('${EXPORTER}', '${PREFIX}')`,
    )
    await given.rollups.ask(`update prefix_changes set changed_at = '2026-11-01'`)
  })

  /** Asks for names of one time. */
  async function ask(time: string, names: readonly string[] = ['all']): Promise<Entry[]> {
    const body = { [PREFIX]: { times: [{ [time]: names }] } }
    const reply = await given.send('POST', `/stats/${EXPORTER}`, { body })
    assert.deepEqual(given.errors, [])
    assert.equal(reply.status, 200, reply.text)
    const { [PREFIX]: labels } = reply.json() as Record<
      string,
      { times: Record<string, Entry[]>[] }
    >
    return labels?.times[0]?.[time] ?? []
  }

  /** Stores flows of a day, half of them in its first hour, and computes the rollups. */
  async function fillDay(): Promise<void> {
    await given.rollups.fill(1500, DAY[0], '2026-11-19T01:00Z')
    for (const hour of ['01', '06', '11', '17', '23']) {
      await given.rollups.fill(300, `2026-11-19T${hour}:00Z`, `2026-11-19T${hour}:20Z`)
    }
    await given.rollups.settle('2026-11-20T00:30Z')
  }

  async function askFlows(names: readonly string[], [since, until]: readonly string[] = DAY) {
    const entries: Entry[] = []
    for (const name of names) {
      const question = { exporter: EXPORTER, prefix: PREFIX, name }
      entries.push(
        ...(await askOracle(given, { ...question, since: since ?? '', until: until ?? '' })),
      )
    }
    return entries
  }

  async function store(...rows: readonly string[]): Promise<void> {
    await given.rollups.ask(
      `insert into flows (received_at, exporter, observation_domain, export_version, src_addr, bytes,
         packets, sampling_rate) values ${rows
           .map((row) => `('2026-11-19T00:30Z', '${EXPORTER}', 0, 9, '10.0.0.1', ${row})`)
           .join(', ')}`,
    )
    await given.rollups.ask(`insert into rollup_dirty values ('2026-11-19T00:30Z', 0)`)
  }

  it('of closed times come from rollups: flows that change unseen change nothing', async () => {
    await fillDay()
    const names = [...MARGINS, ...KEYS]
    const before = [await ask('2026-11', names), await ask(HOUR, MARGINS), await ask(MINUTE)]
    assert.deepEqual(before[0], await askFlows(names))
    await given.rollups.ask('update flows set bytes = bytes + 1, protocol = 1')
    const after = [await ask('2026-11', MARGINS), await ask(HOUR, MARGINS), await ask(MINUTE)]
    assert.deepEqual(after, [
      before[0]?.filter(({ name }) => MARGINS.includes(name)),
      ...before.slice(1),
    ])
    await given.rollups.ask(`select rollup_refresh('${DAY[0]}', '${DAY[1]}')`)
    assert.deepEqual(await ask('2026-11', MARGINS), await askFlows(MARGINS))
  })

  it('of values in all lists come from lists, and others from flows', async () => {
    await fillDay()
    const expected = await askFlows(KEYS)
    const listed = await given.rollups.ask(
      `select 'dstas:' || number as name from rollup_day
       where field = 7 and prefix is not null group by number
       having count(*) = (select count(*) from rollup_lists where level = 2 and field = 7 and prefix is not null)`,
    )
    const names = new Set(listed.map(({ name }) => String(name)))
    assert.ok(names.size > 0 && names.size < KEYS.length, `${names.size} are listed throughout`)
    await given.rollups.ask('update flows set bytes = 0')
    for (const { name, bytes } of await ask('2026-11-19', KEYS)) {
      const truth = expected.find((entry) => entry.name === name)
      assert.equal(bytes, names.has(name) ? truth?.bytes : 0, name)
    }
  })

  it('stay when flows are dropped: margins exactly, keys within the bounds of the reply', async () => {
    await fillDay()
    const truth = await askFlows([...MARGINS, ...KEYS])
    await given.rollups.ask(DROPPED)
    assert.deepEqual(
      await ask('2026-11-19', MARGINS),
      truth.filter(({ name }) => MARGINS.includes(name)),
    )
    const found = await ask('2026-11', KEYS)
    const inexact = found.filter(({ exact }) => exact === false)
    assert.ok(inexact.length > 0 && inexact.length < found.length)
    for (const { name, direction, bytes, exact, at_most: atMost } of found) {
      const entry = truth.find((one) => one.name === name && one.direction === direction)
      const text = `${name} ${direction}`
      if (exact === false) {
        assert.ok(Number(bytes) <= Number(entry?.bytes ?? 0), text)
        assert.ok(Number(atMost) >= Number(entry?.bytes ?? 0), text)
      } else assert.equal(bytes, entry?.bytes, text)
    }
    for (const { name, direction } of truth.filter((entry) => !MARGINS.includes(entry.name))) {
      assert.ok(
        found.some((one) => one.name === name && one.direction === direction),
        name,
      )
    }
  })

  it('are null with a reason where nothing can answer any more', async () => {
    await fillDay()
    const [all] = await ask(MINUTE)
    await given.rollups.ask(DROPPED)
    const gone = { bytes: null, pkts: null, flows: null }
    assert.deepEqual(await ask(MINUTE, ['all', 'dstas:65001', 'srcip:10.0.1.7', 'dstport:443']), [
      all,
      {
        name: 'dstas:65001',
        ...gone,
        reason: 'minutes of single keys are kept for RETENTION_DAYS',
      },
      {
        name: 'srcip:10.0.1.7',
        ...gone,
        reason: 'minutes of single keys are kept for RETENTION_DAYS',
      },
      { name: 'dstport:443', ...gone, reason: 'ports are kept for RETENTION_DAYS' },
    ])
    assert.deepEqual(await ask('2026', ['dstport:443']), [
      { name: 'dstport:443', ...gone, reason: 'ports are kept for RETENTION_DAYS' },
    ])
    await given.rollups.ask(`update rollup_state set minutes_since = '2026-11-27'`)
    const reason = 'minutes are kept for RETENTION_DAYS and ROLLUP_MINUTE_DAYS'
    assert.deepEqual(await ask(MINUTE), [{ name: 'all', ...gone, reason }])
  })

  it('of the largest counters and rates are exact, as texts beyond what a number holds', async () => {
    const largest = 2n ** 63n - 1n
    const rate = 2n ** 32n - 1n
    await store(`${largest}, ${largest}, ${rate}`, `${largest}, 1, null`)
    const expected = [
      {
        name: 'all',
        bytes: String(largest * rate + largest),
        pkts: String(largest * rate + 1n),
        direction: 'out',
        flows: 2,
        sampled: true,
      },
    ]
    for (const settles of [false, true]) {
      if (settles) await given.rollups.settle('2026-11-20T00:30Z')
      for (const time of [MINUTE, HOUR, '2026-11-19', '2026-11', '2026']) {
        assert.deepEqual(await ask(time), expected, `${time} ${settles}`)
      }
      assert.deepEqual(await ask('2026', ['srcip:10.0.0.1']), [
        { ...expected[0], name: 'srcip:10.0.0.1' },
      ])
    }
  })

  it('of flows without counters are null, and their flows count', async () => {
    await store('null, null, null')
    const entry = { name: 'all', bytes: null, pkts: null, direction: 'out', flows: 1 }
    for (const time of [MINUTE, '2026']) assert.deepEqual(await ask(time), [entry])
    await store('5, null, 3')
    assert.deepEqual(await ask('2026'), [{ ...entry, bytes: 15, flows: 2, sampled: true }])
  })

  it('count a new prefix in flows that are already stored', async () => {
    await given.rollups.fill(500, ...DAY)
    await given.rollups.settle('2026-11-20T00:30Z')
    const before = await askFlows(['all'])
    await given.rollups.ask('delete from exporter_prefixes')
    await given.send('PUT', `/senders/${EXPORTER}`, {
      body: { prefixes: [{ prefix: '10.0.0.0', prefixLen: 8 }] },
    })
    assert.deepEqual(await ask('2026-11-19'), before)
  })

  it('are the same without rollups', async () => {
    await given.rollups.fill(500, ...DAY)
    await given.rollups.settle('2026-11-20T00:30Z')
    const names = [...MARGINS, ...KEYS.slice(0, 5)]
    const answers = [await ask('2026', names), await ask(HOUR, names)]
    await given.rollups.ask(
      `truncate rollup_minute, rollup_hour, rollup_day, rollup_lists;
       update rollup_state set minutes_since = 'infinity', hours_since = 'infinity',
         days_since = 'infinity', hour_lists_since = 'infinity', day_lists_since = 'infinity'`,
    )
    assert.deepEqual([await ask('2026', names), await ask(HOUR, names)], answers)
  })

  it('were tested with lists that do not hold every key', () => {
    assert.ok(SHALLOW.depths.day < KEYS.length, 'not every key is listed')
  })
})
