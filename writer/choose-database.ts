/** Finds the database that a command of an administrator means. */

import { existsSync, readdirSync } from 'node:fs'
import { resolve } from 'node:path'

/** Where `npm start` keeps the socket of its own server. */
const EMBEDDED_FOLDER = resolve('data')

/** DATABASE_URL, else the PG variables, else the server that `npm start` runs. */
export function chooseDatabase(databaseUrl: string): string {
  if (databaseUrl !== '') return databaseUrl
  const { PGHOST, PGDATABASE } = process.env
  const port = PGHOST || PGDATABASE ? undefined : findEmbeddedPort()
  if (port === undefined) return ''
  return `postgres://netflow@${encodeURIComponent(EMBEDDED_FOLDER)}:${port}/netflow`
}

/** The name of its socket ends in its port. */
function findEmbeddedPort(): string | undefined {
  const names = existsSync(EMBEDDED_FOLDER) ? readdirSync(EMBEDDED_FOLDER) : []
  return names.map((name) => /^\.s\.PGSQL\.(\d+)$/.exec(name)?.[1]).find((port) => port)
}
