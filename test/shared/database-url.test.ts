import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import pg from 'pg'
import { parseDatabaseUrl, printableDatabaseUrl } from '../../shared/database-url.ts'

/** Connection strings that pg understands, and what of them may be shown. */
const CLEAR = [
  ['postgres://u:secret@h:5433/d', 'postgres://u@h:5433/d'],
  ['postgresql://u:se%2Fcret%23%3F@h/d', 'postgres://u@h/d'],
  ['postgres://u:secret@[2001:db8::1]:5433/d', 'postgres://u@[2001:db8::1]:5433/d'],
  ['postgres://u@%2Frun%2Fpg:5432/d', 'postgres://u@%2Frun%2Fpg:5432/d'],
  ['postgres://u:secret@/d?host=%2Frun%2Fpg', 'postgres://u@%2Frun%2Fpg/d'],
  ['postgres://h/d?user=u&password=secret', 'postgres://u@h/d'],
  ['postgres://u:secret@h/d?sslmode=disable&options=secret', 'postgres://u@h/d?sslmode=disable'],
  ['postgres://u:s@cret@h/d', 'postgres://u@h/d'],
] as const

/** Nobody can say where the password ends, or it is no URL. */
const UNCLEAR = [
  'postgres://u:sec/ret@h/d',
  'postgres://u:sec#ret@h/d',
  'postgres://u:sec?ret@h/d',
  // Until the slash these look like a host and a port.
  'postgres://u:1/secret@h/d',
  'postgres://u:1#secret@h/d',
  'postgres://u:1?secret@h/d',
  'postgres://u:a@b/secret@h/d',
  'postgres://u:secret@h:port/d',
  'host=h user=u password=secret dbname=d',
  'mysql://u:secret@h/d',
  'u:secret@h/d',
  '',
]

describe('a connection string', () => {
  it('is shown by its parts, without the password', () => {
    for (const [url, shown] of CLEAR) assert.equal(printableDatabaseUrl(url), shown)
  })

  it('has the parts that pg finds in it', () => {
    for (const [url] of CLEAR) {
      const { user, host, port, database } = new pg.Client(url)
      const place = parseDatabaseUrl(url)
      const found = { ...place, port: Number(place?.port || 5432), parameters: undefined }
      assert.deepEqual(found, { user, host, port, database, parameters: undefined }, url)
    }
  })

  it('of which no part is certain is not shown at all', () => {
    for (const url of UNCLEAR) {
      assert.equal(parseDatabaseUrl(url), undefined, url)
      assert.equal(printableDatabaseUrl(url), '***')
    }
  })
})
