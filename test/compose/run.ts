/**
 * `npm run test:compose`: deploys docker-compose.yml in a container engine of its own, with images that
 * stand in for the official ones. Only the cached images stay afterwards. Exit codes: 0 passed, 1 failed,
 * 77 cannot run on this machine.
 */

import { homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Deployment } from './deployment.ts'
import { Engine } from './engine.ts'
import { CannotRunError, ensureEnginePackages } from './engine-packages.ts'
import { HealthTimer } from './health-timer.ts'
import { runScenario } from './scenario.ts'
import { makeStandInImages } from './stand-in-images.ts'
import { StepLog } from './step-log.ts'

const CANNOT_RUN = 77
const PROJECT = fileURLToPath(new URL('../../../', import.meta.url))
const CACHE_FOLDER =
  process.env['COMPOSE_TEST_CACHE'] || join(homedir(), '.cache/netflow-compose-test')

const steps = new StepLog()
const interrupt = new AbortController()
const engine = new Engine({ cacheFolder: CACHE_FOLDER, signal: interrupt.signal })
const healthTimer = new HealthTimer(engine)
const deployment = new Deployment({ engine, project: PROJECT })
let cleaning: Promise<void> | undefined

async function runAll(): Promise<void> {
  await steps.run('the engine is installed and starts', async () => {
    await ensureEnginePackages()
    await engine.start()
  })
  await steps.run('images stand in for the official ones', async () => {
    const made = await makeStandInImages({ engine, project: PROJECT })
    if (made.length > 0) console.log(`       made ${made.join(', ')}`)
  })
  healthTimer.start()
  await deployment.choosePorts()
  try {
    await runScenario(deployment, steps)
  } catch (error) {
    if (!interrupt.signal.aborted) console.error(await deployment.logs())
    throw error
  }
}

function cleanUp(): Promise<void> {
  cleaning ??= healthTimer.stop().then(() => engine.stop())
  return cleaning
}

for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  process.once(signal, () => {
    interrupt.abort()
    void cleanUp()
      .catch((error) => console.error('some remains could not be removed:', error))
      .finally(() => process.exit(code))
  })
}

try {
  await runAll()
} catch (error) {
  if (error instanceof CannotRunError) {
    console.error(`CANNOT RUN the deployment in containers: ${error.message}`)
    process.exitCode = CANNOT_RUN
  } else {
    console.error(interrupt.signal.aborted ? 'interrupted' : error)
    process.exitCode = 1
  }
} finally {
  await cleanUp()
}
if (process.exitCode !== CANNOT_RUN) steps.summarize()
