/** The role of the page and of people who only read, in the embedded database. */

import pg from 'pg'

/** The socket is private to the user who has started the server, so the role needs no password. */
const CREATE_ROLE = `
do $$
begin
  if to_regrole('netflow_reader') is null then create role netflow_reader; end if;
  alter role netflow_reader login;
  grant usage on schema public to netflow_reader;
  grant select on all tables in schema public to netflow_reader;
end
$$`

/** Creates the role, or gives it the rights on tables that are new. */
export async function ensureReaderRole(databaseUrl: string): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  try {
    await client.query(CREATE_ROLE)
  } finally {
    await client.end()
  }
}

/** Returns the connection string of the reader in the embedded database. */
export function readerUrl(databaseUrl: string): string {
  return databaseUrl.replace(/^(postgres(?:ql)?:\/\/)[^@/]*@/, '$1netflow_reader@')
}
