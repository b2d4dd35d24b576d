/** The life of a deployment: up, traffic, crashes, down, up with new passwords. */

import assert from 'node:assert/strict'
import { until } from '../helpers/until.ts'
import {
  assertAllContained,
  assertContained,
  assertImageIsLean,
  assertPipe,
  assertRoles,
} from './containment.ts'
import { type Deployment, RUNNING_SERVICES, type Service } from './deployment.ts'
import { assertGrafana } from './grafana.ts'
import {
  assertAnswers,
  assertLogin,
  assertOnlyOnLoopback,
  assertPage,
  assertRefusesToListenForAll,
  assertSenders,
} from './page.ts'
import type { StepLog } from './step-log.ts'
import { Traffic } from './traffic.ts'

const FIRST = { writer: 'first-of-the-writer', reader: 'first-of-the-reader' }
const SECOND = { writer: 'second-of-the-writer', reader: 'second-of-the-reader' }
const PAGE_PASSWORD = 'of-the-page'
const OPERATOR_PASSWORD = 'of-the-operator'
const API_KEYS = { authKey: 'authorisation-key', signKey: 'signing-key-of-programs' }

/** Runs all steps. @throws the error of the first that fails */
export async function runScenario(deployment: Deployment, steps: StepLog): Promise<void> {
  await steps.run('docker-compose refuses a missing password and names the setting', async () => {
    await deployment.configure({ ...FIRST, writer: '' })
    await assert.rejects(deployment.compose('config'), /set it in \.env, see \.env\.example/)
  })
  await steps.run('docker-compose accepts the file', async () => {
    await deployment.configure(FIRST)
    await deployment.compose('config', '--quiet')
  })
  await steps.run('docker-compose builds the image', async () => {
    // All services share this image.
    await deployment.compose('build', 'writer')
  })
  await steps.run('all services come up healthy', () => comeUp(deployment))
  await steps.run('containers have no root, no capabilities and no writable image', async () => {
    await assertAllContained(deployment)
    await assertImageIsLean(deployment)
    await assertPipe(deployment)
  })
  await steps.run('the writer owns only its tables, and readers only read', () =>
    assertRoles(deployment),
  )
  const traffic = new Traffic(deployment)
  try {
    await runTraffic(deployment, traffic, steps)
  } finally {
    traffic.close()
  }
}

async function runTraffic(deployment: Deployment, traffic: Traffic, steps: StepLog): Promise<void> {
  await steps.run('flows are stored under the addresses of their exporters', async () => {
    await traffic.send(50)
    await traffic.assertStored()
  })
  await steps.run('the page is whole, and not for others without a password', async () => {
    await assertPage(deployment)
    await assertRefusesToListenForAll(deployment)
  })
  await steps.run('the page answers from the same flows, with the rights of a reader', () =>
    assertAnswers(deployment),
  )
  await steps.run('nothing is lost when the database is killed under traffic', async () => {
    await traffic.during(() => deployment.crash('db'))
    await traffic.assertStored()
    await deployment.untilHealthy('web')
  })
  await steps.run(
    'nothing is lost of the traffic that comes while the writer is down',
    async () => {
      await traffic.assertStored()
      const killed = await deployment.kill('writer')
      await traffic.send(100)
      await deployment.untilRestarted(killed)
      await traffic.assertStored()
    },
  )
  await steps.run('nothing is lost when the writer is killed under traffic', async () => {
    await traffic.during(() => deployment.crash('writer'))
    await traffic.assertStored()
  })
  await steps.run('nothing is lost when both are killed at once', async () => {
    await traffic.during(() => deployment.crash('writer', 'db'))
    await traffic.assertStored()
    await deployment.untilHealthy('writer')
  })
  await steps.run('"stop" right after traffic shuts all services down cleanly', async () => {
    await traffic.send(200)
    await traffic.untilReceived()
    await deployment.compose('stop')
    for (const service of RUNNING_SERVICES) {
      assert.equal(await deployment.inspect(service, '{{.State.ExitCode}}'), '0', service)
    }
  })
  await steps.run('"down" and "up" keep the data and apply new passwords', async () => {
    await deployment.compose('down')
    await deployment.configure(SECOND, {
      WEB_PASSWORD: PAGE_PASSWORD,
      NETFLOW_OPERATOR_PASSWORD: OPERATOR_PASSWORD,
      API_AUTH_KEY: API_KEYS.authKey,
      API_SIGN_KEY: API_KEYS.signKey,
      API_DATABASE_URL:
        `postgres://netflow_operator:${OPERATOR_PASSWORD}@127.0.0.1:${deployment.ports.postgres}/` +
        'netflow',
    })
    await comeUp(deployment)
    await traffic.assertStored()
    await traffic.send(50)
    await traffic.assertStored()
    await traffic.assertNothingDropped()
    await assert.rejects(
      deployment.query('writer', 'select', FIRST.writer),
      /password authentication/,
    )
  })
  await steps.run('the collector receives again after it was killed', async () => {
    await deployment.crash('collector')
    await deployment.untilHealthy('collector')
    await traffic.send(50)
    await traffic.assertStored()
  })
  await steps.run('the page asks for its password, and programs sign their requests', async () => {
    await assertLogin(deployment, PAGE_PASSWORD)
    await assertSenders(deployment, API_KEYS)
  })
  await steps.run('the profile "grafana" reads the database, and changes nothing', async () => {
    await comeUp(deployment, { profile: 'grafana' })
    await assertContained(deployment, 'grafana')
    await assertGrafana(deployment)
  })
  await steps.run('only datagrams come from other machines', () => assertOnlyOnLoopback(deployment))
  await steps.run('"down --volumes" removes everything', async () => {
    await deployment.compose('--profile', 'grafana', 'down', '--volumes')
    await assert.rejects(deployment.query('reader', 'select'), /ECONNREFUSED/)
  })
}

async function comeUp(
  deployment: Deployment,
  { profile }: { readonly profile?: 'grafana' } = {},
): Promise<void> {
  await deployment.compose(...(profile ? ['--profile', profile] : []), 'up', '--detach')
  const services: readonly Service[] = [...RUNNING_SERVICES, ...(profile ? [profile] : [])]
  for (const service of services) {
    await until(
      `the health check of ${service} says "healthy"`,
      async () => (await deployment.inspect(service, '{{.State.Health.Status}}')) === 'healthy',
      120_000,
    )
  }
  assert.equal(await deployment.inspect('setup', '{{.State.ExitCode}}'), '0')
}
