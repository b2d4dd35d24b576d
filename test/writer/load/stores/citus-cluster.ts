/**
 * A database in a real Citus cluster, for tests. CITUS_URLS names the databases `postgres` of its nodes
 * for a superuser, the coordinator first: `postgres://postgres@127.0.0.1:5432/postgres,…`.
 */

import { randomBytes } from 'node:crypto'
import { ask } from '../loader-harness.ts'

const SERVERS = (process.env['CITUS_URLS'] ?? '').split(',').filter((url) => url !== '')

/** Why tests of Citus itself are skipped; false: they are not. */
export const skipWithoutCitus =
  SERVERS.length < 2 && 'CITUS_URLS does not name a coordinator and a worker'

export interface CitusCluster {
  /** Of the database at each node, the coordinator first. */
  readonly urls: readonly string[]
  drop(): Promise<void>
}

/** Creates the database at every node, with the extension, and makes the nodes known to each other. */
export async function createCitusCluster(): Promise<CitusCluster> {
  const name = `netflow_test_${randomBytes(6).toString('hex')}`
  const urls = SERVERS.map(
    (server) => Object.assign(new URL(server), { pathname: `/${name}` }).href,
  )
  for (const server of SERVERS)
    await ask(server, `create database ${name} encoding 'UTF8' template template0`)
  for (const url of urls) await ask(url, 'create extension citus')
  const [coordinator = '', ...workers] = urls
  const { hostname, port } = new URL(coordinator)
  await ask(coordinator, 'select citus_set_coordinator_host($1, $2)', [hostname, Number(port)])
  for (const worker of workers.map((url) => new URL(url))) {
    await ask(coordinator, 'select citus_add_node($1, $2)', [worker.hostname, Number(worker.port)])
  }
  return {
    urls,
    async drop() {
      for (const server of SERVERS)
        await ask(server, `drop database if exists ${name} with (force)`)
    },
  }
}
