/**
 * Sorts the database's errors by SQLSTATE: which ones waiting can cure, and which ones it cannot.
 */

import { quoteText } from '../../../shared/quoted-text.ts'
import { adviseOnTls } from './tls.ts'
import { UnloadedTimescaleError } from './unloaded-timescale.ts'

/**
 * `retry`: the database is away or busy. `data`: a value cannot be stored. `partition`: a row has
 * no partition. `access`: the login, the database or a right is wrong. `unexpected`: an operator
 * has to look at it.
 */
export type ErrorKind = 'retry' | 'data' | 'partition' | 'access' | 'unexpected'

/** By class or by whole SQLSTATE; the longer one wins (PostgreSQL, appendix A). */
const KINDS: Readonly<Record<string, readonly [kind: ErrorKind, condition: string]>> = {
  '08': ['retry', 'connection failure'],
  '53': ['retry', 'insufficient resources'],
  '53100': ['retry', 'the disk of the server is full'],
  '53300': ['retry', 'too many connections: raise max_connections or lower COPY_LANES'],
  '57P': ['retry', 'the server is shutting down, starting, or ended the session'],
  '57014': ['retry', 'the statement was cancelled or took too long'],
  '58': ['retry', 'system error of the server'],
  '25006': ['retry', 'the database is read-only: is it a standby?'],
  '25P': ['retry', 'the server ended the transaction'],
  '25P03': ['retry', 'the session was idle in a transaction for too long'],
  '25P04': ['retry', 'the transaction took longer than transaction_timeout'],
  '40': ['retry', 'the transaction was rolled back'],
  '55P03': ['retry', 'a lock was not given in time: is somebody changing the tables?'],
  '55000': ['retry', 'the database accepts no connections now, or an object is not ready'],
  '55006': ['retry', 'an object is in use'],
  XX: ['retry', 'internal error of the server: look at its log'],
  '22': ['data', 'a value cannot be stored'],
  '23': ['data', 'a constraint is violated'],
  P0001: ['data', 'a trigger refused a row'],
  '28': ['access', 'the login is refused'],
  '3D': ['access', 'the database does not exist'],
  '42501': ['access', 'a right is missing'],
  '42P01': ['unexpected', 'a table is missing: npm run migrate brings the tables up to date'],
  '42703': ['unexpected', 'a column is missing: npm run migrate brings the tables up to date'],
}

/** The server's sentences may quote values that an exporter has sent. */
const MAX_MESSAGE_CHARACTERS = 500

/** The server reports a row without a partition as a violated check, but names no constraint. */
const CHECK_VIOLATION = '23514'

export const INTERNAL_ERROR = 'XX000'

/**
 * Citus reports as an internal error what a node refuses, in the words of the node. Its kind is that of
 * the SQLSTATE that the node gave.
 */
const WORDS_OF_NODES: readonly (readonly [words: RegExp, kind: ErrorKind, condition: string])[] = [
  [/no partition of relation .* found for row/, 'partition', 'a row has no partition'],
  [/violates \S+( \S+)? constraint|cannot be NULL/, 'data', 'a constraint is violated'],
  [/out of range|invalid (input syntax|byte sequence)/, 'data', 'a value cannot be stored'],
  [
    /operation is not allowed on this node/,
    'unexpected',
    'a worker node of a Citus cluster changes no tables: run node dist/writer/citus.js at the coordinator',
  ],
]

/** Errors of the client that waiting cannot cure, such as a missing password or another TLS. */
const WRONG_SETTING =
  /^SASL|client password|not support SSL|certificate|Invalid URL|SECURITY WARNING/i

export interface SqlError {
  readonly kind: ErrorKind
  /** Empty when the error did not come from the server. */
  readonly sqlState: string
  readonly condition: string
  readonly message: string
  /** Left out where the condition says enough. */
  readonly remedy?: string
  /** The database is there, and waiting helps only when somebody acts meanwhile. */
  readonly isRefusal?: true
}

/** Sorts an error. An error that did not come from the server means a broken connection. */
export function describeError(error: unknown): SqlError {
  const { code, message, severity, constraint } = error as Readonly<Record<string, unknown>>
  const given = typeof message === 'string' && message !== '' ? message : String(code ?? error)
  const text = quoteText(given, MAX_MESSAGE_CHARACTERS)
  // System errors have codes as well, and EPIPE looks like an SQLSTATE. Only the server sets severity.
  if (typeof severity !== 'string' || typeof code !== 'string') {
    return describeClientError(error, text)
  }
  if (code === CHECK_VIOLATION && constraint === undefined) {
    return { kind: 'partition', sqlState: code, condition: 'a row has no partition', message: text }
  }
  const [kind, condition] = findKindOfNode(code, given) ?? findKind(code)
  const described = { kind, sqlState: code, condition, message: text }
  return code.startsWith('28') ? withRemedy(described, adviseOnTls('', text)) : described
}

function findKindOfNode(sqlState: string, message: string) {
  if (sqlState !== INTERNAL_ERROR) return undefined
  const found = WORDS_OF_NODES.find(([words]) => words.test(message))
  return found && ([found[1], found[2]] as const)
}

function findKind(sqlState: string): readonly [kind: ErrorKind, condition: string] {
  for (const length of [5, 3, 2]) {
    const found = KINDS[sqlState.slice(0, length)]
    if (found) return found
  }
  return ['unexpected', 'unexpected error']
}

function describeClientError(error: unknown, message: string): SqlError {
  if (error instanceof UnloadedTimescaleError) {
    const condition = 'the server was started without timescaledb, and does not find all flows'
    return { kind: 'retry', sqlState: '', condition, message, isRefusal: true }
  }
  const { code, syscall } = error as Readonly<Record<string, unknown>>
  // pg reads the files of TLS when a connection is made.
  if (syscall === 'open') {
    const condition = 'a file that DATABASE_URL names cannot be read'
    const remedy = 'check the paths of sslrootcert, sslcert and sslkey'
    return { kind: 'access', sqlState: '', condition, message, remedy }
  }
  const remedy = adviseOnTls(typeof code === 'string' ? code : '', message)
  if (remedy !== undefined || WRONG_SETTING.test(message)) {
    const condition = 'the connection is set up wrongly'
    return withRemedy({ kind: 'access', sqlState: '', condition, message }, remedy)
  }
  const isSilent = message === 'Query read timeout'
  const condition = isSilent ? 'the server does not answer' : 'the server cannot be reached'
  return { kind: 'retry', sqlState: '', condition, message }
}

function withRemedy(described: SqlError, remedy: string | undefined): SqlError {
  return remedy === undefined ? described : { ...described, remedy }
}
