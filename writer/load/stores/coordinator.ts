/**
 * Changes tables of a Citus cluster. Only its coordinator may do that; a session at a worker node asks
 * the coordinator.
 */

import type pg from 'pg'
import { LOCK_PATIENCE, runShortly } from './run-shortly.ts'

/** Runs statements in one transaction, which waits 2 s for each lock. */
export type RunChanges = (client: pg.Client, statements: readonly string[]) => Promise<void>

/** An error that the coordinator answered. It has `severity` and SQLSTATE like the driver's errors. */
export class CoordinatorError extends Error {
  readonly severity = 'ERROR'
  /** SQLSTATE; XX000: the answer has none. */
  readonly code: string

  constructor(answer: string) {
    const [, code = 'XX000', message = answer] = /^ERROR: +([0-9A-Z]{5}) (.*)/s.exec(answer) ?? []
    super(message)
    this.name = 'CoordinatorError'
    this.code = code
  }
}

/** Without this, the nodes do not get `lock_timeout`, and wait for locks for ever. */
const TELL_NODES = `set local citus.propagate_set_commands = 'local'`

/** For a session at the coordinator. */
export const runHere: RunChanges = (client, statements) =>
  runShortly(client, statements, TELL_NODES)

/**
 * For a session at a worker node.
 *
 * @throws CoordinatorError, or the error of this node
 */
export const runThere: RunChanges = async (client, statements) => {
  const { rows } = await client.query<{ success: boolean; result: string }>(
    'select success, result from run_command_on_coordinator($1)',
    [asBlock(statements)],
  )
  const [answer] = rows
  if (!answer?.success) throw new CoordinatorError(answer?.result ?? 'no answer')
}

/** Only the message of an error comes back, so the block puts the SQLSTATE into it. */
function asBlock(statements: readonly string[]): string {
  const changes = statements.map((statement) => `execute ${quote(statement)};`).join('\n')
  return `do ${quote(`begin
    ${TELL_NODES};
    execute 'set local lock_timeout = ''${LOCK_PATIENCE}''';
    ${changes}
  exception when others then
    raise exception '% %', sqlstate, sqlerrm;
  end`)}`
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}
