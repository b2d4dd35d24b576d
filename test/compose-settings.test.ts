/** docker-compose.yml passes on every setting that the processes know. */

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { COLLECTOR_SETTINGS } from '../collector/config.ts'
import { WEB_SETTINGS } from '../console/web/config.ts'
import { WRITER_SETTINGS } from '../writer/config.ts'
import { REPOSITORY } from './helpers/markdown.ts'

const COMPOSE = readFileSync(join(REPOSITORY, 'docker-compose.yml'), 'utf8')

/** Set by the image or by compose: a container has no use for other values. */
const FIXED = ['NAMED_PIPE_FILENAME', 'JOURNAL_DIR', 'METRICS_HOST', 'METRICS_PORT', 'DATABASE_URL']

/** Returns the names in the block `environment` of a service. */
function environmentOf(service: string): readonly string[] {
  const [, block = ''] =
    new RegExp(`^  ${service}:\\n((?:(?:    .*)?\\n)+)`, 'm').exec(COMPOSE) ?? []
  const [, environment = ''] = /^ {4}environment:\n((?: {6}.*\n)+)/m.exec(block) ?? []
  return [...environment.matchAll(/^ {6}([A-Z_]+):/gm)].map(([, name = '']) => name)
}

describe('docker-compose.yml', () => {
  for (const [service, names] of [
    ['collector', Object.keys(COLLECTOR_SETTINGS)],
    ['writer', Object.keys(WRITER_SETTINGS)],
    ['web', Object.keys(WEB_SETTINGS)],
  ] as const) {
    it(`passes on every setting of the ${service}`, () => {
      const passed = environmentOf(service)
      assert.ok(passed.length > 5, `${passed.length} variables`)
      const missing = names.filter((name) => !FIXED.includes(name) && !passed.includes(name))
      assert.deepEqual(missing, [])
    })
  }
})
