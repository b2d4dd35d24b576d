/** The login of `netflow_reader` in the embedded server: its password, and its right to read. */

import { randomBytes } from 'node:crypto'
import { open, readFile } from 'node:fs/promises'
import type pg from 'pg'
import { ServerError } from './server-error.ts'

/** The role of Grafana and other tools, which reads everything and changes nothing. */
export const READER_ROLE = 'netflow_reader'

const PASSWORD_BYTES = 18

/** Reads the password; creates it with its file (0600) when there is none. */
export async function readOrCreatePassword(path: string): Promise<string> {
  const known = await readPassword(path)
  if (known !== undefined) return known
  const password = randomBytes(PASSWORD_BYTES).toString('base64url')
  const file = await open(path, 'w', 0o600)
  try {
    await file.chmod(0o600)
    await file.writeFile(`${password}\n`)
    await file.sync()
  } finally {
    await file.close()
  }
  return password
}

/** Reads the password; undefined without a file, or with an empty one, as a full disk leaves it. */
async function readPassword(path: string): Promise<string | undefined> {
  try {
    const text = await readFile(path, 'utf8')
    return text.trim() || undefined
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return undefined
    throw new ServerError(
      `the password of ${READER_ROLE} in ${path} cannot be read (${code}): give the file to your ` +
        'user, or remove it for a new password',
      error,
    )
  }
}

// The password travels as a setting of the session, so that no statement log shows it. Tables of
// later migrations and partitions are readable by default.
const ALLOW_READER = `
do $$
begin
  if to_regrole('${READER_ROLE}') is null then create role ${READER_ROLE}; end if;
  execute format('alter role ${READER_ROLE} login nosuperuser nocreatedb nocreaterole noreplication
    password %L', current_setting('netflow.reader_password'));
  execute format('grant connect on database %I to ${READER_ROLE}', current_database());
  grant usage on schema public to ${READER_ROLE};
  alter default privileges in schema public grant select on tables to ${READER_ROLE};
  grant select on all tables in schema public to ${READER_ROLE};
end
$$`

/**
 * Lets the reader log in by a password. May be repeated.
 *
 * @param client a session of the owner in the program's database
 */
export async function allowReader(client: pg.Client, password: string): Promise<void> {
  await client.query("select set_config('netflow.reader_password', $1, false)", [password])
  await client.query(ALLOW_READER)
}
