/** Statistics equal a query on flows to the byte, whichever source has answered. */

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { SendersHarness } from '../senders-harness.ts'
import { askOracle, type Entry } from './stats-oracle.ts'

const EXPORTER = '192.0.2.3'
const PATH = `/stats/${EXPORTER}`
const [WIDE, ...OTHERS] = [
  '10.0.2.0/27',
  '10.0.2.0/28',
  '198.51.100.0/27',
  '2001:db8::/124',
] as const
const PREFIXES: readonly string[] = [WIDE, ...OTHERS]
const NAMES = [
  ...['all', 'proto:6', 'proto:1', 'proto:47', 'srcport:1024', 'dstport:443', 'srcas:64502'],
  ...['dstas:65001', 'dstas:34868', 'srcip:10.0.2.7', 'srcip:2001:db8::5', 'dstip:198.51.100.9'],
]

/** Times of each kind, with their ends in UTC. */
const TIMES = {
  years: [['2026', '2026-01-01T00:00Z', '2027-01-01T00:00Z']],
  months: [
    ['2026-10', '2026-10-01T00:00Z', '2026-11-01T00:00Z'],
    ['2026-11', '2026-11-01T00:00Z', '2026-12-01T00:00Z'],
  ],
  days: [
    ['2026-11-19', '2026-11-19T00:00Z', '2026-11-20T00:00Z'],
    ['2026-11-20', '2026-11-20T00:00Z', '2026-11-21T00:00Z'],
  ],
  hours: [
    ['2026-11-19 00', '2026-11-19T00:00Z', '2026-11-19T01:00Z'],
    ['2026-11-19 05', '2026-11-19T05:00Z', '2026-11-19T06:00Z'],
    ['2026-11-20 01', '2026-11-20T01:00Z', '2026-11-20T02:00Z'],
  ],
  minutes: [
    ['2026-11-19 00:17', '2026-11-19T00:17Z', '2026-11-19T00:18Z'],
    ['2026-11-19 00:41', '2026-11-19T00:41Z', '2026-11-19T00:42Z'],
    ['2026-11-20 01:59', '2026-11-20T01:59Z', '2026-11-20T02:00Z'],
  ],
} as const

type Times = Readonly<Record<string, readonly (readonly [string, string, string])[]>>
type StatsReply = Readonly<
  Record<string, Readonly<Record<string, readonly Readonly<Record<string, readonly Entry[]>>[]>>>
>

describe('statistics', () => {
  let given: SendersHarness
  before(async () => {
    given = await SendersHarness.start()
    const prefixes = PREFIXES.map((text) => text.split('/')).map(([prefix, length]) => ({
      prefix,
      prefixLen: Number(length),
    }))
    const { status } = await given.send('PUT', `/senders/${EXPORTER}`, { body: { prefixes } })
    assert.equal(status, 200)
    await given.rollups.ask(
      `insert into exporters (address) values ('192.0.2.1'), ('192.0.2.2');
       insert into exporter_prefixes values ('192.0.2.2', '10.0.0.0/8')`,
    )
    await given.rollups.ask(`update prefix_changes set changed_at = '2026-11-01'`)
    await given.rollups.fill(1_500, '2026-11-19T00:00Z', '2026-11-19T01:30Z')
    await given.rollups.fill(500, '2026-11-19T01:30Z', '2026-11-20T00:00Z')
    await given.rollups.fill(1_500, '2026-11-20T00:00Z', '2026-11-20T02:00Z')
    await given.rollups.settle('2026-11-20T01:40Z')
    // Late rows into a closed minute, hour and day.
    await given.rollups.fill(50, '2026-11-19T00:40Z', '2026-11-19T00:42Z')
  })
  after(() => given.stop())

  function bodyOf(times: Times, names: readonly string[] = NAMES): object {
    const labels = Object.entries(times).map(([label, texts]) => [
      label,
      texts.map(([text]) => ({ [text]: names })),
    ])
    return Object.fromEntries(PREFIXES.map((prefix) => [prefix, Object.fromEntries(labels)]))
  }

  async function ask(body: object, query = ''): Promise<StatsReply> {
    const reply = await given.send('POST', `${PATH}${query}`, { body })
    assert.deepEqual(given.errors, [])
    assert.equal(reply.status, 200, reply.text)
    return reply.json() as StatsReply
  }

  /** Returns the expected reply, from a query for each of its lists. */
  async function expectedOf(times: Times, names: readonly string[] = NAMES): Promise<StatsReply> {
    const reply: Record<string, Record<string, Record<string, Entry[]>[]>> = {}
    for (const prefix of PREFIXES) {
      const labels: Record<string, Record<string, Entry[]>[]> = {}
      for (const [label, texts] of Object.entries(times)) {
        labels[label] = []
        for (const [text, since, until] of texts) {
          const entries: Entry[] = []
          for (const name of names) {
            const question = { exporter: EXPORTER, prefix, since, until, name }
            entries.push(...(await askOracle(given, question)))
          }
          labels[label].push({ [text]: entries })
        }
      }
      reply[prefix] = labels
    }
    return reply
  }

  it('of every kind of time and field equal a query on flows', async () => {
    const expected = await expectedOf(TIMES)
    assert.deepEqual(await ask(bodyOf(TIMES)), expected)
    const all = Object.values(expected).flatMap((labels) => Object.values(labels).flat())
    const entries = all.flatMap((time) => Object.values(time).flat())
    assert.ok(entries.length > 100, `${entries.length} entries`)
    for (const direction of ['in', 'out', 'in:local', 'out:local']) {
      assert.ok(
        entries.some((entry) => entry.direction === direction),
        direction,
      )
    }
    assert.ok(entries.some(({ sampled }) => sampled))
    for (const name of NAMES.filter(
      (text) => !['proto:6', 'proto:47', 'dstas:34868'].includes(text),
    )) {
      assert.ok(
        entries.some((entry) => entry.name === name),
        name,
      )
    }
  })

  it('have a date once, whatever the label; a time alone means all', async () => {
    const hour = '2026-11-19 05'
    const { [WIDE]: labels } = await ask({
      [WIDE]: { hours: [hour], any: [{ [hour]: ['all'] }, { [hour]: [] }], none: [] },
    })
    const [first] = labels?.['hours'] ?? []
    assert.deepEqual(Object.keys(first ?? {}), [hour])
    assert.deepEqual(labels, { hours: [first], any: [first, { [hour]: [] }], none: [] })
  })

  it('have every entry of a time that is asked twice in one list', async () => {
    const hour = '2026-11-19 05'
    const { [WIDE]: labels } = await ask({
      [WIDE]: { hours: [{ [hour]: ['proto:1'] }, { [hour]: ['all'] }] },
    })
    const names = (labels?.['hours'] ?? []).map((time) => time[hour]?.[0]?.name)
    assert.deepEqual(names, ['proto:1', 'all'])
  })

  it('have an empty list where nothing was sent', async () => {
    const body = { [WIDE]: { years: ['2013', { 2014: ['all', 'dstas:34868'] }] } }
    assert.deepEqual(await ask(body), { [WIDE]: { years: [{ 2013: [] }, { 2014: [] }] } })
    assert.deepEqual(await ask({}), {})
  })

  it('find an IPv6 prefix and a field in every spelling, and reply with the spelling', async () => {
    const ask6 = async (prefix: string, name: string) =>
      (await ask({ [prefix]: { years: [{ 2026: [name] }] } }))[prefix]?.['years']?.[0]?.['2026']
    const [entry] = (await ask6('2001:db8::/124', 'srcip:2001:db8::5')) ?? []
    assert.ok(Number(entry?.flows) > 0)
    assert.deepEqual(await ask6('2001:0DB8:0:0:0:0:0:0/124', 'srcip:2001:DB8:0::0005'), [
      { ...entry, name: 'srcip:2001:DB8:0::0005' },
    ])
  })

  for (const [zone, day, hours] of [
    ['Europe/Zurich', ['2026-11-18T23:00Z', '2026-11-19T23:00Z'], 1],
    ['America/New_York', ['2026-11-19T05:00Z', '2026-11-20T05:00Z'], -5],
    ['Asia/Kolkata', ['2026-11-18T18:30Z', '2026-11-19T18:30Z'], 5.5],
  ] as const) {
    it(`are of days, hours and minutes in ${zone}`, async () => {
      const since = Date.parse('2026-11-20T00:00Z') - hours * 3_600_000
      const stamp = (minutes: number) => new Date(since + minutes * 60_000).toISOString()
      const times: Times = {
        days: [['2026-11-19', ...day]],
        hours: [['2026-11-20 01', stamp(60), stamp(120)]],
        minutes: [['2026-11-20 01:07', stamp(67), stamp(68)]],
      }
      const names = ['all', 'proto:1', 'srcas:64502', 'dstport:443']
      assert.deepEqual(
        await ask(bodyOf(times, names), `?tz=${zone}`),
        await expectedOf(times, names),
      )
    })
  }

  it('are refused for a zone, a prefix and a parameter that is not known', async () => {
    const body = { [WIDE]: { years: ['2026'] } }
    for (const [query, content, status] of [
      ['?tz=Europe/Nowhere', body, 422],
      ['?timezone=UTC', body, 400],
      ['', { '10.0.0.0/9': { years: ['2026'] } }, 404],
    ] as const) {
      assert.equal((await given.send('POST', `${PATH}${query}`, { body: content })).status, status)
    }
  })

  it('answer 10,000 pairs at once', async () => {
    const minutes = Array.from({ length: 1440 }, (_, minute) =>
      new Date(Date.parse('2026-11-19T00:00Z') + minute * 60_000).toISOString().slice(0, 16),
    ).map((text) => text.replace('T', ' '))
    const names = ['all', 'proto:1', 'dstport:443', 'srcas:64502', 'srcip:10.0.2.7', 'dstas:65001']
    const reply = await ask({
      [WIDE]: { minutes: minutes.map((text) => ({ [text]: names })) },
    })
    const entries = (reply[WIDE]?.['minutes'] ?? []).flatMap((time) => Object.values(time).flat())
    const [, since, until] = TIMES.days[0]
    for (const name of names) {
      const sum = new Map<string, number>()
      for (const entry of entries.filter((found) => found.name === name)) {
        const key = String(entry.direction)
        sum.set(key, (sum.get(key) ?? 0) + Number(entry.bytes))
      }
      const whole = { exporter: EXPORTER, prefix: WIDE, since, until, name }
      const expected = (await askOracle(given, whole)).map(({ direction, bytes }) => [
        direction,
        bytes,
      ])
      assert.deepEqual([...sum].sort(), expected.sort(), name)
    }
  })
})
