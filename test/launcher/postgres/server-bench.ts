/** Servers for the tests of embedded servers, each test with a folder of its own. */

import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import {
  EmbeddedPostgres,
  type EmbeddedPostgresOptions,
} from '../../../launcher/postgres/embedded-postgres.ts'
import { type ClusterTemplate, makeFolder } from '../../helpers/cluster-template.ts'
import { queryRows } from '../../helpers/pipeline.ts'

/** Servers wait for their processes most of the time. */
export const AT_ONCE = { concurrency: 3 }

/** A folder of one test and its servers; the test ends with their removal. */
export interface Bench {
  readonly folder: string
  /** Makes a server on the cluster in `data/postgres`. */
  makeServer(options?: Partial<EmbeddedPostgresOptions>): EmbeddedPostgres
}

/** @param template the cluster in `data/postgres` is a copy of it; undefined: there is none yet */
export async function makeBench(context: TestContext, template?: ClusterTemplate): Promise<Bench> {
  const folder = await makeFolder()
  if (template) await template.copyTo(join(folder, 'data/postgres'))
  const servers: EmbeddedPostgres[] = []
  context.after(async () => {
    for (const server of servers) await server.stop('immediate')
    await rm(folder, { recursive: true, force: true })
  })
  const makeServer = (options: Partial<EmbeddedPostgresOptions> = {}) => {
    const socketDir = join(folder, 'data')
    const dataDir = join(socketDir, 'postgres')
    const server = new EmbeddedPostgres({ dataDir, socketDir, durable: false, ...options })
    servers.push(server)
    return server
  }
  return { folder, makeServer }
}

/** Asks one question. @returns the first value of the answer */
export async function ask(server: EmbeddedPostgres, query: string): Promise<unknown> {
  const [row] = await queryRows(server.url, query)
  return row && Object.values(row)[0]
}
