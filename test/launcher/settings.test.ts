import assert from 'node:assert/strict'
import { userInfo } from 'node:os'
import { resolve } from 'node:path'
import { describe, it } from 'node:test'
import { readLauncherSettings, withoutPostgresVariables } from '../../launcher/settings.ts'
import { SettingsError } from '../../shared/settings.ts'

describe('the settings of npm start', () => {
  it('choose the embedded database when none is named', () => {
    const settings = readLauncherSettings({ PGUSER: 'me', PGPASSWORD: 'secret' })
    assert.equal(settings.databaseUrl, undefined)
    assert.equal(settings.pipePath, resolve('data/netflow.pipe'))
    assert.deepEqual(settings.writerEnvironment, {})
  })

  it('choose the database of DATABASE_URL, else that of the PG variables', () => {
    const DATABASE_URL = 'postgres://a:b@h/d'
    assert.equal(readLauncherSettings({ DATABASE_URL, PGHOST: 'x' }).databaseUrl, DATABASE_URL)
    const PGUSER = 'me'
    const urlOf = (environment: NodeJS.ProcessEnv) => readLauncherSettings(environment).databaseUrl
    assert.equal(urlOf({ PGHOST: 'h', PGUSER }), 'postgres://me@h:5432/me')
    assert.equal(urlOf({ PGHOST: '::1', PGUSER, PGPORT: '6' }), 'postgres://me@[::1]:6/me')
    assert.equal(
      urlOf({ PGHOST: '/run/pg', PGUSER, PGPASSWORD: 'p@ss', PGDATABASE: 'd' }),
      'postgres://me:p%40ss@%2Frun%2Fpg:5432/d',
    )
    const { username } = userInfo()
    assert.equal(urlOf({ PGDATABASE: 'd' }), `postgres://${username}@localhost:5432/d`)
  })

  it('set the writer to the port after METRICS_PORT, and both processes to 0', () => {
    const portOf = (METRICS_PORT: string) =>
      readLauncherSettings({ METRICS_PORT }).writerEnvironment['METRICS_PORT']
    assert.equal(portOf('9200'), '9201')
    assert.equal(portOf('0'), '0')
    assert.throws(() => portOf('65535'), /the writer uses the next port/)
  })

  it('accept a TCP port of the embedded database, which is off by default', () => {
    const portOf = (EMBEDDED_PG_PORT: string) =>
      readLauncherSettings({ EMBEDDED_PG_PORT }).embeddedPort
    assert.equal(readLauncherSettings({}).embeddedPort, 0)
    assert.equal(portOf('0'), 0)
    assert.equal(portOf('15432'), 15_432)
    for (const wrong of ['80', '65536', 'on']) {
      assert.throws(() => portOf(wrong), /EMBEDDED_PG_PORT/)
    }
  })

  it('list each problem of both processes once, without secrets', () => {
    const environment = {
      NETFLOW_PORT: 'x',
      COPY_LANES: '0',
      LOG_LEVEL: 'loud',
      DATABASE_URL: 'mysql://me:secret@h',
    }
    assert.throws(
      () => readLauncherSettings(environment),
      (error) => {
        assert.ok(error instanceof SettingsError)
        assert.equal(error.problems.length, 4)
        assert.doesNotMatch(error.message, /secret/)
        return true
      },
    )
  })

  it('keep the PG variables from the embedded server', () => {
    assert.deepEqual(
      withoutPostgresVariables({ PGHOST: 'h', PGSSLMODE: 'require', PATH: '/bin' }),
      {
        PATH: '/bin',
      },
    )
  })
})
