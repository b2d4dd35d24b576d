/** The settings of the web server: who may listen where. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { readWebSettings } from '../../../console/web/config.ts'
import { SettingsError } from '../../../shared/settings.ts'

const KEYS = { API_AUTH_KEY: 'a'.repeat(16), API_SIGN_KEY: 'b'.repeat(16) }

function problemsOf(environment: Readonly<Record<string, string>>): string {
  try {
    readWebSettings(environment)
    return ''
  } catch (error) {
    assert.ok(error instanceof SettingsError)
    return error.problems.join('\n')
  }
}

describe('the settings of the web server', () => {
  it('listen on the loopback without a password', () => {
    const { WEB_HOST, WEB_PORT } = readWebSettings({})
    assert.deepEqual([WEB_HOST, WEB_PORT], ['127.0.0.1', 8080])
    assert.equal(problemsOf({ WEB_HOST: '::1' }), '')
    assert.equal(problemsOf({ WEB_HOST: '127.0.0.2' }), '')
  })

  it('listen nowhere else without a password', () => {
    for (const WEB_HOST of ['0.0.0.0', '::', '192.0.2.1', '::ffff:127.0.0.1']) {
      assert.match(problemsOf({ WEB_HOST }), /others could read all flows; set WEB_PASSWORD/)
      assert.equal(problemsOf({ WEB_HOST, WEB_PASSWORD: 'secret' }), '')
    }
  })

  it('let no key of the senders API travel unencrypted', () => {
    const open = { WEB_HOST: '0.0.0.0', WEB_PASSWORD: 'secret', ...KEYS }
    assert.match(problemsOf(open), /API_AUTH_KEY: on 0\.0\.0\.0 it would travel unencrypted/)
    assert.equal(problemsOf({ ...open, WEB_TRUST_PROXY: 'on' }), '')
    assert.equal(problemsOf(KEYS), '')
  })

  it('have both keys or none, each of 16 characters', () => {
    assert.match(problemsOf({ API_AUTH_KEY: 'a'.repeat(16) }), /both are needed, or none/)
    assert.match(
      problemsOf({ ...KEYS, API_SIGN_KEY: 'short' }),
      /^API_SIGN_KEY: expected at least 16/,
    )
  })

  it('have a certificate that can be used', () => {
    assert.match(problemsOf({ WEB_TLS_CERT: '/nowhere.pem' }), /both are needed, or none/)
    const missing = { WEB_TLS_CERT: '/nowhere.pem', WEB_TLS_KEY: '/nowhere.key' }
    assert.match(problemsOf(missing), /WEB_TLS_CERT and WEB_TLS_KEY: ENOENT/)
  })
})
