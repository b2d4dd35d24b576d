/** Creates a PostgreSQL cluster (`initdb`), and reads the major version of an existing one. */

import { execFile } from 'node:child_process'
import { mkdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { handOver, type ServerAccount } from './server-account.ts'
import { ServerError } from './server-error.ts'

const run = promisify(execFile)

/** The owner of the cluster and the database. It has no password, because the socket is private. */
export const DATABASE_USER = 'netflow'

/** The database of this program in the embedded server. */
export const DATABASE_NAME = 'netflow'

interface ClusterOptions {
  readonly dataDir: string
  readonly binDir: string
  readonly account: ServerAccount
  /** False: not flushed to disk; such a cluster may be lost in a power cut. */
  readonly durable: boolean
}

/** Reads the major version of a cluster; undefined when there is no cluster. */
export async function readClusterMajor(dataDir: string): Promise<number | undefined> {
  const path = join(dataDir, 'PG_VERSION')
  try {
    return Number.parseInt(await readFile(path, 'utf8'), 10)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return undefined
    if (code !== 'EACCES') throw error
    throw new ServerError(
      `${path} cannot be read: the database belongs to another user, perhaps root. Start as that ` +
        'user, or give the folder to yours (chown -R)',
      error,
    )
  }
}

/** Creates a cluster. It appears under its name only when it is complete. */
export async function createCluster(options: ClusterOptions): Promise<void> {
  const { dataDir, binDir, account, durable } = options
  const unfinished = `${dataDir}.unfinished`
  await rm(unfinished, { recursive: true, force: true })
  await mkdir(unfinished, { mode: 0o700 })
  await handOver(account, unfinished, binDir)
  const command = [
    ...account.prefix,
    join(binDir, 'initdb'),
    `--pgdata=${unfinished}`,
    `--username=${DATABASE_USER}`,
    '--auth=trust',
    '--encoding=UTF8',
    '--locale=C',
    ...(durable ? [] : ['--no-sync']),
  ]
  try {
    await run(command[0] ?? '', command.slice(1), {
      cwd: '/',
      env: serverEnvironment(),
      ...account.ids,
    })
  } catch (error) {
    const { stderr, message } = error as Error & { stderr?: string }
    throw new ServerError(`initdb failed: ${stderr?.trim() || message}`)
  }
  await rename(unfinished, dataDir)
}

/** The environment without variables that would configure a server or a client. */
export function serverEnvironment(): NodeJS.ProcessEnv {
  const entries = Object.entries(process.env)
  return {
    ...Object.fromEntries(entries.filter(([name]) => !/^(PG|LC_|LANG)/.test(name))),
    LC_ALL: 'C',
  }
}
