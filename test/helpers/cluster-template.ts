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
import { migrateDatabase } from '../../writer/load/schema/migrate.ts'

const run = promisify(execFile)

const MEMORY_FOLDER = '/dev/shm'
/** Room for dozens of clusters at the same time; containers often have 64 MiB. */
const MIN_MEMORY_BYTES = 2 ** 31

export class ClusterTemplate {
  /** Holds the cluster in `postgres`. */
  readonly folder: string
  readonly #isShared: boolean

  private constructor(folder: string, isShared: boolean) {
    this.folder = folder
    this.#isShared = isShared
  }

  /** The migrated cluster of the whole test run; undefined outside of `test/run.ts`. */
  static ofRun(): ClusterTemplate | undefined {
    const folder = process.env['TEST_CLUSTER']
    return folder === undefined ? undefined : new ClusterTemplate(folder, true)
  }

  /**
   * Creates a cluster, or takes the one of the whole test run; `remove` it after the tests.
   *
   * @param options.migrate false: its database stays empty
   */
  static async create(options: { migrate?: boolean } = {}): Promise<ClusterTemplate> {
    const shared = options.migrate === false ? undefined : ClusterTemplate.ofRun()
    if (shared) return shared
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
    return new ClusterTemplate(folder, false)
  }

  /** Copies the cluster to `dataDir`; the files keep their owner. */
  async copyTo(dataDir: string): Promise<void> {
    await mkdir(dirname(dataDir), { recursive: true, mode: 0o700 })
    await run('cp', ['-a', join(this.folder, 'postgres'), dataDir])
  }

  async remove(): Promise<void> {
    if (!this.#isShared) await rm(this.folder, { recursive: true, force: true })
  }
}

/** Creates a folder in memory where there is room, else one for temporary files. */
export async function makeFolder(): Promise<string> {
  return mkdtemp(join((await findMemoryFolder()) ?? tmpdir(), 'netflow-test-'))
}

/** Finds a file system in memory with room for the files of all tests. */
export async function findMemoryFolder(): Promise<string | undefined> {
  try {
    await access(MEMORY_FOLDER, constants.W_OK)
    const { bavail, bsize } = await statfs(MEMORY_FOLDER)
    return bavail * bsize >= MIN_MEMORY_BYTES ? MEMORY_FOLDER : undefined
  } catch {
    return undefined // Another system.
  }
}
