/**
 * A cluster to copy, for tests that start servers of their own. A copy in memory takes a tenth of
 * the time of `initdb`, and already has the database.
 */

import { execFile } from 'node:child_process'
import { access, constants, mkdir, mkdtemp, rm, statfs } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { EmbeddedPostgres } from '../../launcher/postgres/embedded-postgres.ts'
import { createLogger } from '../../shared/logger.ts'
import { migrateDatabase } from '../../writer/load/database/migrate.ts'

const run = promisify(execFile)

const MEMORY_FOLDER = '/dev/shm'
/** Room for a dozen clusters at the same time; containers often have 64 MiB. */
const MIN_MEMORY_BYTES = 2 ** 30

export class ClusterTemplate {
  readonly #folder: string

  private constructor(folder: string) {
    this.#folder = folder
  }

  /**
   * Creates a cluster; `remove` it after the tests.
   *
   * @param options.migrate false: its database stays empty
   */
  static async create(options: { migrate?: boolean } = {}): Promise<ClusterTemplate> {
    const folder = await makeFolder()
    const dataDir = join(folder, 'postgres')
    const server = new EmbeddedPostgres({ dataDir, socketDir: folder, durable: false })
    try {
      await server.start()
      if (options.migrate !== false) {
        await migrateDatabase(server.url, createLogger('test', 'silent'))
      }
    } finally {
      await server.stop()
    }
    return new ClusterTemplate(folder)
  }

  /** Copies the cluster to `dataDir`; the files keep their owner. */
  async copyTo(dataDir: string): Promise<void> {
    await mkdir(dirname(dataDir), { recursive: true, mode: 0o700 })
    await run('cp', ['-a', join(this.#folder, 'postgres'), dataDir])
  }

  async remove(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true })
  }
}

/** Creates a folder in memory where there is room, else one for temporary files. */
export async function makeFolder(): Promise<string> {
  return mkdtemp(join((await hasMemoryRoom()) ? MEMORY_FOLDER : tmpdir(), 'netflow-test-'))
}

async function hasMemoryRoom(): Promise<boolean> {
  try {
    await access(MEMORY_FOLDER, constants.W_OK)
    const { bavail, bsize } = await statfs(MEMORY_FOLDER)
    return bavail * bsize >= MIN_MEMORY_BYTES
  } catch {
    return false // Another system.
  }
}
