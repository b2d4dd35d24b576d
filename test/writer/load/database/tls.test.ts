import assert from 'node:assert/strict'
import { after, afterEach, before, describe, it } from 'node:test'
import { spellOutVerification } from '../../../../writer/load/database/tls.ts'
import { createTestDatabase, type TestDatabase } from '../../../helpers/database.ts'
import { readDocument, sectionOf, tableOf } from '../../../helpers/markdown.ts'
import { TlsProxy, whyNoTls } from '../../../helpers/tls-proxy.ts'
import { LoaderHarness } from '../loader-harness.ts'

describe('sslmode', () => {
  it('is written out where pg would check as verify-full, and else stays as it is', () => {
    const base = 'postgres://me:a%3Fsslmode%3Drequire@db/netflow'
    for (const [given, used] of [
      ['?sslmode=require', '?sslmode=verify-full'],
      ['?sslmode=prefer&x=1', '?sslmode=verify-full&x=1'],
      ['?x=1&sslmode=verify-ca', '?x=1&sslmode=verify-full'],
      ['?sslmode=no-verify', '?sslmode=no-verify'],
      ['?sslmode=disable', '?sslmode=disable'],
      ['?uselibpqcompat=true&sslmode=require', '?uselibpqcompat=true&sslmode=require'],
      ['', ''],
    ] as const) {
      assert.equal(spellOutVerification(base + given), base + used)
    }
  })
})

describe('a server with TLS', { skip: whyNoTls() }, () => {
  let database: TestDatabase
  let right: TlsProxy
  let misnamed: TlsProxy
  let url: string
  let misnamedUrl: string
  const warnings: Error[] = []
  const onWarning = (warning: Error) => void warnings.push(warning)
  before(async () => {
    database = await createTestDatabase()
    right = new TlsProxy(database.url, 'localhost')
    misnamed = new TlsProxy(database.url, 'db.example.net')
    url = await right.start()
    misnamedUrl = await misnamed.start()
    process.on('warning', onWarning)
  })
  after(async () => {
    process.off('warning', onWarning)
    right.stop()
    misnamed.stop()
    await database.drop()
  })
  afterEach(() => {
    right.isPlain = false
  })

  /** Starts a loader; returns why it cannot start, or `starts`. */
  async function start(place: string): Promise<string> {
    const harness = new LoaderHarness(place)
    try {
      await harness.loader.start()
      return 'starts'
    } catch (error) {
      return (error as Error).message
    } finally {
      await harness.loader.stop()
    }
  }

  it('is used with every mode of the table in OPERATING.md as it says', async () => {
    const by = `sslrootcert=${right.authority}`
    const elsewhere = `sslrootcert=${misnamed.authority}`
    for (const [place, expected] of [
      [url, /^starts/],
      [`${url}?sslmode=disable`, /^starts/],
      [`${url}?sslmode=no-verify`, /^starts/],
      [`${url}?sslmode=require&uselibpqcompat=true`, /^starts/],
      [`${misnamedUrl}?sslmode=verify-ca&uselibpqcompat=true&${elsewhere}`, /^starts/],
      [`${url}?${by}`, /^starts/],
      ...['prefer', 'require', 'verify-ca', 'verify-full'].flatMap((mode) => [
        [`${url}?sslmode=${mode}&${by}`, /^starts/] as const,
        [`${url}?sslmode=${mode}`, /sslrootcert=.*no-verify encrypts without any check/] as const,
      ]),
      [
        `${url}?sslmode=verify-full&sslrootcert=${right.otherAuthority}`,
        /set sslrootcert=.*to the certificate of the authority/,
      ],
      [
        `${misnamedUrl}?sslmode=verify-full&${elsewhere}`,
        /altnames.*connect by a name that the server’s certificate has/,
      ],
      [
        `${url}?sslmode=verify-full&sslrootcert=/nowhere/ca.crt`,
        /a file that DATABASE_URL names cannot be read.*\/nowhere\/ca.crt.*check the paths of sslrootcert/,
      ],
    ] as const) {
      assert.match(await start(place), expected, place)
    }
  })

  it('has exactly these modes in OPERATING.md', () => {
    const rows = tableOf(sectionOf(readDocument('writer/OPERATING.md'), 'TLS'))
    assert.deepEqual(
      rows.flatMap(([modes = '']) => modes.split(/, (?:or )?(?!with)/)),
      [
        ...['none', 'disable', 'prefer', 'require', 'verify-ca', 'verify-full', 'no-verify'],
        ...['require, with uselibpqcompat=true', 'verify-ca, with uselibpqcompat=true'],
      ],
    )
  })

  it('is missed with a sentence that says what to do', async () => {
    right.isPlain = true
    const problem = await start(`${url}?sslmode=require`)
    assert.match(problem, /not support SSL.*turn on ssl in the server, or set sslmode=disable/)
  })

  it('causes no warning of Node.js', () => {
    assert.deepEqual(warnings, [])
  })
})
