import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseSite, parseSites, SiteError, siteOptions } from '../../../console/federation/site.ts'

const URL_TEXT = 'postgres://reader:se%2Fcret@db.example.net:6432/flows?sslmode=require'

describe('a site', () => {
  it('is read from its name and URL, for postgres_fdw', () => {
    const site = parseSite(`zurich_1=${URL_TEXT}`)
    assert.deepEqual(site, { name: 'zurich_1', url: URL_TEXT })
    assert.deepEqual(siteOptions(site), {
      server: { host: 'db.example.net', port: '6432', dbname: 'flows', sslmode: 'require' },
      user: { user: 'reader', password: 'se/cret' },
    })
  })

  it('is refused without its password, when it is written wrongly', () => {
    const wrong = [URL_TEXT.replace('=', ':'), `all=${URL_TEXT}`, `Zurich=${URL_TEXT}`]
    for (const text of [...wrong, 'a=mysql://u:se%2Fcret@h/d']) {
      assert.throws(
        () => parseSite(text),
        (error) => {
          assert.ok(error instanceof SiteError)
          assert.doesNotMatch(error.message, /cret/)
          return true
        },
      )
    }
  })

  it('is a line of a file; empty lines and comments are left out', () => {
    const sites = parseSites(`# ours\n\n  a=${URL_TEXT}  \nb=${URL_TEXT}\n`)
    assert.deepEqual(
      sites.map(({ name }) => name),
      ['a', 'b'],
    )
  })
})
