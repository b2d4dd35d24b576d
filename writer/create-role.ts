/**
 * The command that prepares a database for the writer: it creates roles and grants. An administrator
 * runs it once, and again whenever a password changes. The migrations create the tables.
 */

import pg from 'pg'
import { z } from 'zod'
import { answerArguments } from '../shared/command-line.ts'
import { createLogger } from '../shared/logger.ts'
import { databaseUrl, readSettings, text } from '../shared/settings.ts'
import { runMain } from '../shared/shutdown.ts'
import { spellOutVerification } from './load/database/tls.ts'
import { CREATE_OPERATOR } from './load/schema/operator-role.ts'

const shape = {
  DATABASE_URL: databaseUrl().describe('of the administrator; empty: PGHOST, PGUSER, …'),
  NETFLOW_WRITER_PASSWORD: z
    .string('expected a password for the role netflow_writer')
    .describe('password of the role that stores flows'),
  NETFLOW_READER_PASSWORD: text('').describe('password of readers; empty: they cannot log in'),
  NETFLOW_OPERATOR_PASSWORD: text('').describe(
    'password of operators, who edit names, prefixes and sampling; empty: they cannot log in',
  ),
  NETFLOW_SCHEMA: text('public').describe('schema of the tables, created when it is missing'),
}

// Passwords travel as settings of the session, so that no statement log shows them.
const HAND_OVER = `
select set_config('netflow.writer_password', $1, false),
       set_config('netflow.reader_password', $2, false),
       set_config('netflow.schema', $3, false),
       set_config('netflow.operator_password', $4, false)`

// The writer owns its tables, because only an owner may attach partitions. It needs no right but to
// create in the schema, which is the first of its search_path. Each statement may be repeated while the
// writer runs: the loop skips tables that the readers can read already.
const CREATE_ROLES = `
do $$
declare
  writer_password text := current_setting('netflow.writer_password');
  reader_password text := current_setting('netflow.reader_password');
  home text := current_setting('netflow.schema');
  unreadable regclass;
begin
  if to_regrole('netflow_writer') is null then create role netflow_writer; end if;
  if to_regrole('netflow_reader') is null then create role netflow_reader; end if;

  execute format(
    'alter role netflow_writer login nosuperuser nocreatedb nocreaterole noreplication password %L',
    writer_password);
  if reader_password = '' then
    alter role netflow_reader nologin password null;
  else
    execute format('alter role netflow_reader login password %L', reader_password);
  end if;

  execute format('revoke all on database %I from public', current_database());
  execute format('grant connect on database %I to netflow_reader', current_database());
  execute format('grant connect, temporary on database %I to netflow_writer', current_database());
  revoke create on schema public from public;
  execute format('create schema if not exists %I', home);
  execute format('grant usage, create on schema %I to netflow_writer', home);
  execute format('grant usage on schema %I to netflow_reader', home);
  if home <> 'public' then
    execute format('alter role netflow_writer in database %I set search_path = %I',
      current_database(), home);
    execute format('alter role netflow_reader in database %I set search_path = %I',
      current_database(), home);
  end if;

  execute format('alter default privileges for role netflow_writer in schema %I
    grant select on tables to netflow_reader', home);
  for unreadable in
    select oid from pg_class
    where relowner = 'netflow_writer'::regrole and relkind in ('r', 'p', 'v', 'm')
      and not has_table_privilege('netflow_reader', oid, 'select')
  loop
    execute format('grant select on %s to netflow_reader', unreadable);
  end loop;
end
$$`

answerArguments({
  command: 'node dist/writer/create-role.js',
  summary:
    'Creates the roles netflow_writer, netflow_reader and netflow_operator, or changes their passwords.',
  settings: shape,
})

const logger = createLogger('create-role', 'info')

await runMain(logger, async () => {
  const settings = readSettings(shape, process.env)
  const { DATABASE_URL } = settings
  const client = new pg.Client(
    DATABASE_URL ? { connectionString: spellOutVerification(DATABASE_URL) } : {},
  )
  await client.connect()
  try {
    await client.query(HAND_OVER, [
      settings.NETFLOW_WRITER_PASSWORD,
      settings.NETFLOW_READER_PASSWORD,
      settings.NETFLOW_SCHEMA,
      settings.NETFLOW_OPERATOR_PASSWORD,
    ])
    await client.query(CREATE_ROLES)
    await client.query(CREATE_OPERATOR)
  } finally {
    await client.end()
  }
  logger.info('the roles netflow_writer, netflow_reader and netflow_operator are ready')
})
