/** Brings a test's database to the newest schema. */

import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { pino } from 'pino'
import { migrateDatabase } from '../../writer/load/migrate.ts'

/** The migrations of the source tree, seen from the built helper in `dist/test/helpers`. */
const MIGRATIONS_DIR = fileURLToPath(new URL('../../../migrations', import.meta.url))

export async function migrateTestDatabase(databaseUrl: string): Promise<void> {
  await migrateDatabase(databaseUrl, pino({ level: 'silent' }))
}

/** Names the state of the migrations; another content has another name. */
export function fingerprintMigrations(): string {
  const hash = createHash('sha256')
  for (const name of readdirSync(MIGRATIONS_DIR).sort()) {
    hash.update(`${name}\n${readFileSync(`${MIGRATIONS_DIR}/${name}`, 'utf8')}\n`)
  }
  return hash.digest('hex').slice(0, 12)
}
