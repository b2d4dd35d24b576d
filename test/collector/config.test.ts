/** The collector's settings: defaults, lists, and every problem at once. */

import assert from 'node:assert/strict'
import { it } from 'node:test'
import { readCollectorSettings } from '../../collector/config.ts'
import { SettingsError } from '../../shared/settings.ts'

it('the defaults are as documented', () => {
  assert.deepEqual(readCollectorSettings({}), {
    NAMED_PIPE_FILENAME: './data/netflow.pipe',
    METRICS_HOST: '127.0.0.1',
    LOG_LEVEL: 'info',
    NETFLOW_HOST: '::',
    NETFLOW_PORT: [2055],
    UDP_RECEIVE_BUFFER_BYTES: 33_554_432,
    COLLECTOR_QUEUE_BYTES: 67_108_864,
    METRICS_PORT: 9101,
  })
})

it('a list of ports is read with commas and spaces', () => {
  const { NETFLOW_PORT } = readCollectorSettings({ NETFLOW_PORT: '2055, 4739,9995' })
  assert.deepEqual(NETFLOW_PORT, [2055, 4739, 9995])
})

it('port 0 may be given more than once', () => {
  assert.deepEqual(readCollectorSettings({ NETFLOW_PORT: '0,0' }).NETFLOW_PORT, [0, 0])
})

it('one error lists every problem by name', () => {
  assert.throws(
    () =>
      readCollectorSettings({
        NETFLOW_PORT: '2055,70000',
        NETFLOW_HOST: 'router',
        COLLECTOR_QUEUE_BYTES: '64MB',
        LOG_LEVEL: 'loud',
      }),
    (error) => {
      assert.ok(error instanceof SettingsError)
      assert.equal(error.problems.length, 4)
      for (const name of ['NETFLOW_PORT', 'NETFLOW_HOST', 'COLLECTOR_QUEUE_BYTES', 'LOG_LEVEL']) {
        assert.match(error.message, new RegExp(name))
      }
      return true
    },
  )
})

it('a port named twice and an empty list are refused', () => {
  assert.throws(() => readCollectorSettings({ NETFLOW_PORT: '2055,02055' }), /2055 is named twice/)
  assert.throws(() => readCollectorSettings({ NETFLOW_PORT: ',' }), /at least one UDP port/)
})
