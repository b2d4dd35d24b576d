import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { COLLECTOR_SETTINGS } from '../../collector/config.ts'
import { findMisspeltSettings } from '../../shared/misspelt-settings.ts'
import { WRITER_SETTINGS } from '../../writer/config.ts'

const COLLECTOR = Object.keys(COLLECTOR_SETTINGS)
const WRITER = Object.keys(WRITER_SETTINGS)

describe('a misspelt setting', () => {
  it('is found, with the name that is meant', () => {
    const cases = {
      NETFLOW_PRT: 'NETFLOW_PORT',
      NETFLOW_PORTS: 'NETFLOW_PORT',
      NETFLWO_PORT: 'NETFLOW_PORT',
      netflow_port: 'NETFLOW_PORT',
      'NETFLOW-PORT': 'NETFLOW_PORT',
      LOGLEVEL: 'LOG_LEVEL',
      METRIC_HOST: 'METRICS_HOST',
    }
    for (const [given, meant] of Object.entries(cases)) {
      assert.deepEqual(findMisspeltSettings(COLLECTOR, { [given]: 'x' }), [{ given, meant }])
    }
  })

  it('may be one character off if it is short: also two that are swapped', () => {
    const meant = 'ROLLUPS'
    for (const given of ['ROLLUP', 'ROLUPS', 'ROLLUPZ', 'ROLLUSP', 'ORLLUPS']) {
      assert.deepEqual(findMisspeltSettings(WRITER, { [given]: 'x' }), [{ given, meant }])
    }
    assert.deepEqual(findMisspeltSettings(WRITER, { ROLLZZS: 'x', OLRLUSP: 'x' }), [])
  })

  it('is none of another process, and no variable of somebody else', () => {
    const others = { ...process.env, PATH: '', HOSTNAME: '', PGHOST: '', DATABASE: '', LOG: '' }
    const all = Object.fromEntries([...COLLECTOR, ...WRITER].map((name) => [name, 'x']))
    for (const names of [COLLECTOR, WRITER]) {
      assert.deepEqual(findMisspeltSettings(names, { ...all, ...others }), [])
    }
  })
})
