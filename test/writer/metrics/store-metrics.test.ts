import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Registry } from 'prom-client'
import { addStoreMetrics } from '../../../writer/metrics/store-metrics.ts'

describe('the metric of the store', () => {
  it('is missing until the database has told, and then says the kind of flows', async () => {
    const registry = new Registry()
    let kind: string | undefined
    addStoreMetrics(registry, () => kind)
    assert.doesNotMatch(await registry.metrics(), /^netflow_flow_store_info/m)
    kind = 'citus'
    assert.match(await registry.metrics(), /^netflow_flow_store_info\{kind="citus"\} 1$/m)
  })
})
