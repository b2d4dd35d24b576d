import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Database } from '../../../console/terminal/database.ts'
import { createPaint } from '../../../console/terminal/output/paint.ts'
import { formatTable } from '../../../console/terminal/output/table.ts'
import { Resolver } from '../../../console/terminal/resolver.ts'
import { createTestDatabase } from '../../helpers/database.ts'
import { until } from '../../helpers/until.ts'
import { runLine, TerminalHarness } from './terminal-harness.ts'

const MAIN = fileURLToPath(new URL('../../../console/terminal/main.js', import.meta.url))
const run = promisify(execFile)

/** Nothing listens there. */
const NOWHERE = 'postgres://nobody@127.0.0.1:1/none'

describe('the terminal', () => {
  let harness: TerminalHarness
  before(async () => {
    harness = await TerminalHarness.start()
  })
  after(async () => {
    await harness?.stop()
  })

  it('says by its exit code whether there is an answer', async () => {
    const codes: Record<string, number> = {}
    const lines = [
      'netflow top',
      'netflow flows port 1 and port 2',
      'netflow --help',
      'netflow --version',
      'netflow flows --help',
      `netflow top --database-url ${NOWHERE}`,
      'netflow nat 203.0.113.5 40123',
      'netflow exporters enable 203.0.113.9',
      'netflow',
      'netflow frobnicate',
      'netflow top --frobnicate',
      'netflow top --limit many',
      'netflow top --by nothing',
      'netflow top port 70000',
      'netflow top --since tomorrow',
      'netflow top --since 1m --until 5m',
      'netflow top --tz Mars/Olympus',
      'netflow top --format xml',
      'netflow top --format line',
      'netflow flows --format fmt:%zz',
      'netflow flows --order colour',
      'netflow flows --archive /nowhere --since tomorrow',
      'netflow traffic --step 0s',
      'netflow nat here',
      'netflow exporters sampling 192.0.2.1 0',
      'netflow exporters prefix add 192.0.2.1 10.0.0.0/40',
      'netflow top --database-url mysql://x',
    ]
    for (const line of lines) codes[line] = (await harness.run(line)).code
    const ends = [0, 0, 0, 0, 0, 1, 1, 1, ...new Array<number>(lines.length - 8).fill(2)]
    assert.deepEqual(codes, Object.fromEntries(lines.map((line, index) => [line, ends[index]])))
  })

  it('says what is wrong on its error output', async () => {
    const { stdout, stderr } = await harness.run(`netflow top --database-url ${NOWHERE}`)
    assert.equal(stdout, '')
    assert.match(stderr, /^netflow: no database at 127\.0\.0\.1:1\/none: .*ECONNREFUSED/)
    const wrong = await harness.run('netflow top dst prot 5')
    assert.match(wrong.stderr, /did you mean "port"\?\n {2}dst prot 5\n {6}\^\n$/)
  })

  it('finds the database that runs in this folder, and says when there is none', async (context) => {
    const folder = await mkdtemp(join(tmpdir(), 'netflow-terminal-'))
    context.after(() => rm(folder, { recursive: true, force: true }))
    const ask = () =>
      run(process.execPath, [MAIN, 'exporters', '--format', 'jsonl'], {
        cwd: folder,
        env: { PATH: process.env['PATH'] },
      }).catch((error: Error & { stderr: string }) => error)
    assert.match((await ask()).stderr, /no database: none runs in .*npm start/)
    const { hostname, searchParams, port } = new URL(harness.pipeline.databaseUrl)
    const host = searchParams.get('host') ?? decodeURIComponent(hostname)
    await mkdir(join(folder, 'data', 'postgres'), { recursive: true })
    const lines = ['1', '/data', '0', port || '5432', host, '']
    await writeFile(join(folder, 'data', 'postgres', 'postmaster.pid'), lines.join('\n'))
    // Whether that server has a database of this name depends on the run.
    const found = await ask()
    assert.match(found.stderr, /^$|no database at .*\/netflow: |no tables of this version/)
  })

  it('and-s its flags to the filter', async () => {
    const flows = async (line: string) => {
      const { stdout, stderr } = await harness.run(`netflow flows -n 0 --format jsonl ${line}`)
      assert.equal(stderr, '')
      return stdout
    }
    const expected = await flows(
      'exporter 192.0.2.1 and proto tcp and port in [22 80] and net 10.1.0.0/16',
    )
    const flags = '--exporter 192.0.2.1 --proto tcp --port 22 --port 80 --net 10.1.0.0/16'
    assert.equal(await flows(flags), expected)
    assert.notEqual(expected, '')
    assert.equal(
      await flows('--as 64496 proto udp or proto tcp'),
      await flows('as 64496 and (proto udp or proto tcp)'),
    )
  })

  it('lists all flows when there is no limit', async () => {
    const { stdout } = await harness.run('netflow flows -n 0 --format csv')
    assert.equal(stdout.trim().split('\n').length, 1 + 30 * 62)
  })

  it('shows times in a zone', async () => {
    const { stdout, stderr } = await harness.run(
      'netflow flows -n 1 --tz Asia/Tokyo --since "21:00" --until 21:01',
    )
    assert.match(stdout, /2026-11-28 21:00:/, stderr)
  })

  it('reads a range from one end', async () => {
    const count = async (range: string) => {
      const { stdout, stderr } = await harness.run(`netflow flows -n 0 ${range}`, {
        width: undefined,
      })
      assert.equal(stderr, '')
      return stdout.trim().split('\n').length - 1
    }
    assert.equal(await count('--until 12:01'), 2 * 62)
    assert.equal(await count('--since 12:28'), 62)
    assert.equal(await count('--since yesterday'), 0)
    assert.equal(await count('--since yesterday --until now'), 30 * 62)
  })

  it('shows tables of any length', async () => {
    const rows = Array.from({ length: 200_000 }, (_, n) => ({ key: `key ${n}` }))
    const columns = [{ name: 'key', title: 'key', kind: 'text' }] as const
    const style = { zone: 'UTC', plain: true, width: 6, paint: createPaint(false) }
    assert.equal(formatTable({ columns, rows: [], nothing: '' }, rows, style).length, 200_001)
  })

  it('configures exporters', async () => {
    const lines = [
      'netflow exporters name 192.0.2.1 "core 1"',
      'netflow exporters prefix add 192.0.2.1 10.1.2.3/16 office',
      'netflow exporters prefix add 192.0.2.1 2001:db8::/32',
      'netflow exporters prefix remove 192.0.2.1 2001:db8::/32',
      'netflow exporters sampling 192.0.2.1 1000',
      'netflow exporters sampling --default 192.0.2.1 100',
      'netflow exporters disable 192.0.2.2',
    ]
    for (const line of lines) {
      const { code, stdout, stderr } = await harness.run(line)
      assert.equal(code, 0, stderr)
      assert.notEqual(stdout, '')
    }
    const { stdout } = await harness.run('netflow exporters --format jsonl')
    const [first, second] = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    const { name, prefixes, sampling_override, sampling_default } = first
    assert.deepEqual(
      { name, prefixes, sampling_override, sampling_default },
      { name: 'core 1', prefixes: ['10.1.0.0/16'], sampling_override: 1000, sampling_default: 100 },
    )
    assert.equal(second.enabled, false)
    const byName = await harness.run('netflow top --by prefix --exporter "core 1" --format jsonl')
    assert.equal(JSON.parse(byName.stdout.split('\n')[0] ?? '').name, 'office')
    await harness.run('netflow exporters enable 192.0.2.2')
    for (const rate of ['auto', '--default auto']) {
      await harness.run(`netflow exporters sampling 192.0.2.1 ${rate}`)
    }
  })

  it('is not harmed by hostile names', async () => {
    const hostile = '\u001b]0;x\u0007\u202e=cmd|'
    await harness.pipeline.ask(`update exporters set name = $1 where address = '192.0.2.3'`, [
      hostile,
    ])
    for (const width of [120, undefined]) {
      for (const line of [
        'exporters',
        'top --by exporter',
        'health',
        'flows -n 3 --exporter 192.0.2.3',
      ]) {
        const { stdout, code } = await harness.run(`netflow ${line}`, { width })
        assert.equal(code, 0)
        assert.doesNotMatch(stdout.replaceAll('\n', ''), /[\p{Cc}\p{Cf}]/u, line)
      }
    }
    await harness.pipeline.ask(`update exporters set name = null where address = '192.0.2.3'`)
  })

  it('shows health with advice below', async () => {
    const { stdout } = await harness.run('netflow health', { width: 80 })
    assert.match(stdout, /^exporter .*flows\/s/)
    assert.match(stdout, /\n192\.0\.2\.1 v5: Nothing has been received since/)
    for (const line of stdout.split('\n')) assert.ok(line.length <= 80, line)
  })

  it('shows sampling rates as text, in tables and in JSON', async () => {
    const table = await harness.run('netflow health --exporter 192.0.2.2', { width: 200 })
    assert.match(table.stdout, / sampling\n.* 100\n/)
    const json = await harness.run('netflow health --exporter 192.0.2.2 --format jsonl')
    assert.equal(JSON.parse(json.stdout).sampling, '100')
  })

  it('cancels in the server', async () => {
    const { pipeline } = harness
    const controller = new AbortController()
    const lock = 'lock table exporters in access exclusive mode; select pg_sleep(60)'
    const blocker = pipeline.ask(lock).catch(() => {})
    const busy = (query: string) =>
      `select pid from pg_stat_activity where query like '${query}%' and state = 'active'
        and datname = current_database() and pid <> pg_backend_pid()`
    await until(
      'the table is locked',
      async () => (await pipeline.ask(busy('lock table'))).length > 0,
    )
    const running = harness.run('netflow exporters', { signal: controller.signal })
    const query = await until('the question waits', async () => {
      return (await pipeline.ask(busy('%select exporters.*')))[0]
    })
    controller.abort()
    const { code, stderr } = await running
    assert.deepEqual({ code, stderr }, { code: 1, stderr: 'netflow: cancelled\n' })
    assert.equal((await pipeline.ask(busy('%select exporters.*'))).length, 0, String(query['pid']))
    await pipeline.ask(`select pg_cancel_backend(pid) from (${busy('lock table')}) as busy`)
    await blocker
  })
})

describe('a database that is cancelled', () => {
  it('asks nothing more', async (context) => {
    const { url, drop } = await createTestDatabase()
    context.after(drop)
    const database = await Database.open({ databaseUrl: url, environment: {}, folder: '/' })
    const question = { text: 'select 1 as one', values: [] }
    assert.deepEqual(await database.ask(question), [{ one: '1' }])
    await database.cancel()
    await assert.rejects(database.ask(question), /cancelled/)
    await assert.rejects(database.fetch(question).next(), /cancelled/)
    await database.close()
  })
})

describe('completion', () => {
  it('is run by bash', async () => {
    const { stdout: script } = await runLine('netflow completion bash', '')
    const complete = async (...words: readonly string[]) => {
      const list = words.map((word) => `'${word}'`).join(' ')
      const text = `${script}\nCOMP_WORDS=(${list}); COMP_CWORD=${words.length - 1}; _netflow; echo "\${COMPREPLY[@]}"`
      return (await run('bash', ['-c', text])).stdout.trim().split(' ')
    }
    assert.deepEqual(await complete('netflow', 'co'), ['conversations', 'completion'])
    assert.ok((await complete('netflow', 'exporters', 'prefix', '')).includes('remove'))
    assert.deepEqual(await complete('netflow', 'top', '--by', 'src_'), ['src_port', 'src_as'])
    assert.ok((await complete('netflow', 'flows', '--format', 'flow')).includes('flow-print-5'))
    assert.ok((await complete('netflow', 'top', 'host')).includes('host'))
    assert.deepEqual(await complete('netflow', 'gaps', '--led'), ['--ledger'])
  })

  it('is for zsh, too', async () => {
    assert.match((await runLine('netflow completion zsh', '')).stdout, /^#compdef netflow/)
    assert.equal((await runLine('netflow completion fish', '')).code, 2)
  })
})

describe('names of hosts', () => {
  it('are looked up once, and given up after half a second', async () => {
    const asked: string[] = []
    const resolver = new Resolver((address) => {
      asked.push(address)
      return address === '192.0.2.1' ? Promise.resolve(['host.example']) : new Promise(() => {})
    })
    const rows = [
      { src: '192.0.2.1', dst: '192.0.2.2' },
      { src: '192.0.2.1', dst: null },
    ]
    const columns = [
      { name: 'src', kind: 'address' },
      { name: 'dst', kind: 'address' },
    ] as const
    const started = performance.now()
    await resolver.prepare(rows, columns)
    await resolver.prepare(rows, columns)
    assert.ok(performance.now() - started < 5_000)
    assert.deepEqual(asked, ['192.0.2.1', '192.0.2.2'])
    assert.equal(resolver.nameOf('192.0.2.1'), 'host.example')
    assert.equal(resolver.nameOf('192.0.2.2'), undefined)
  })
})
