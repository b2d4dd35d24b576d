/** A server with the three roles, and a database that the writer's role has migrated. */

import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { createLogger } from '../../shared/logger.ts'
import { migrateDatabase } from '../../writer/load/schema/migrate.ts'
import { startTestServer, type TestServer } from './database.ts'

const CREATE_ROLE = fileURLToPath(new URL('../../writer/create-role.js', import.meta.url))

export class RolesServer {
  readonly #server: TestServer

  private constructor(server: TestServer) {
    this.#server = server
  }

  /** Starts a server of the caller's own. `stop` it when the test ends. */
  static async start(): Promise<RolesServer> {
    const server = await startTestServer({ migrate: false })
    const roles = new RolesServer(server)
    const env = {
      ...process.env,
      DATABASE_URL: server.url,
      NETFLOW_WRITER_PASSWORD: 'of-the-writer',
      NETFLOW_READER_PASSWORD: 'of-readers',
      NETFLOW_OPERATOR_PASSWORD: 'of-operators',
    }
    await promisify(execFile)(process.execPath, [CREATE_ROLE], { env })
    await migrateDatabase(roles.urlOf('netflow_writer'), createLogger('test', 'silent'))
    return roles
  }

  /** Of the administrator. */
  get url(): string {
    return this.#server.url
  }

  /** The server itself, to stop and start again. */
  get server(): TestServer {
    return this.#server
  }

  urlOf(role: 'netflow_writer' | 'netflow_reader' | 'netflow_operator'): string {
    const url = new URL(this.#server.url)
    url.username = role
    return url.href
  }

  stop(): Promise<void> {
    return this.#server.stop('immediate')
  }
}
