/** The roles of the page and of people, in the embedded database. */

import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { CREATE_OPERATOR } from '../../writer/load/schema/operator-role.ts'

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

const SET_PARAMETERS = `
select set_config('netflow.operator_password', $1, false), set_config('netflow.schema', 'public', false)`

interface WantedRoles {
  /** Whether the API of senders needs netflow_operator, to change prefixes. */
  readonly operator: boolean
}

/** Creates the roles, or gives them the rights on new tables. */
export async function ensureRoles(databaseUrl: string, { operator }: WantedRoles): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  try {
    await client.query(CREATE_ROLE)
    if (!operator) return
    // Nobody asks for the password; without one, the role could not log in.
    await client.query(SET_PARAMETERS, [randomUUID()])
    await client.query(CREATE_OPERATOR)
  } finally {
    await client.end()
  }
}

/** Returns the connection string of a role in the embedded database. */
export function roleUrl(databaseUrl: string, role: 'netflow_reader' | 'netflow_operator'): string {
  return databaseUrl.replace(/^(postgres(?:ql)?:\/\/)[^@/]*@/, `$1${role}@`)
}
