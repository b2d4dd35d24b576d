/** The greeting of `npm start` once everything runs: a text on a terminal, else a line of the log. */

import { printableDatabaseUrl } from '../shared/database-url.ts'

export interface GreetingFacts {
  readonly host: string
  readonly ports: readonly number[]
  readonly pipePath: string
  /** The folder of the embedded server's socket; undefined with a database of the user's own. */
  readonly socketDir: string | undefined
  readonly databaseUrl: string
  /** The address of the page; undefined: it is not served. */
  readonly pageUrl: string | undefined
  /** The connection string of other tools, with its password; undefined without TCP. */
  readonly readerUrl: string | undefined
  /** The file of that password. */
  readonly passwordFile: string
  readonly hasPsql: boolean
  /** The folder of this program, with `node_modules` in it. */
  readonly programDir: string
}

/** The port that psql uses without `-p`. */
const DEFAULT_PORT = '5432'

/** Questions to begin with, one line each, ready to paste. */
export const EXAMPLE_QUERIES = [
  {
    question: 'Top talkers of the last hour',
    query: "select * from top_talkers(now() - interval '1 hour', now());",
  },
  {
    question: 'Traffic per minute and protocol',
    query: "select * from traffic(now() - interval '1 hour', now(), '1 minute', 'protocol');",
  },
  {
    question: 'Losses between the exporters and here',
    query:
      'select detected_at, exporter, export_version, lost, unit from sequence_gaps ' +
      'order by detected_at desc limit 20;',
  },
] as const

/** Formats the greeting; its last character is a newline. */
export function formatGreeting(facts: GreetingFacts): string {
  const lines = [
    '',
    'Ready.',
    '',
    `  Exporters           NetFlow v1, v5 to v9, IPFIX to ${describePorts(facts)}`,
    ...(facts.pageUrl ? [`  Page and API        ${facts.pageUrl}`] : []),
    `  Named pipe          ${facts.pipePath}`,
    `  Database            ${facts.socketDir ? 'embedded, in ' : ''}${describeDatabase(facts)}`,
    ...describeReader(facts),
    '',
    'Connect:',
    '',
    describePsql(facts),
    '',
    ...(facts.hasPsql ? [] : describeNodeClient(facts)),
    'Ask:',
    '',
    ...EXAMPLE_QUERIES.flatMap(({ question, query }) => [`-- ${question}`, query, '']),
    'No exporter at hand? In a second terminal: npm run demo',
    'Stop: Ctrl-C (every received datagram is stored first)',
    '',
  ]
  return lines.map((line) => `${line}\n`).join('')
}

/** Returns the greeting as a line of the log: facts and a message, without passwords. */
export function greetingLine(facts: GreetingFacts) {
  const { ports, pipePath, pageUrl, readerUrl, passwordFile } = facts
  const database = describeDatabase(facts)
  const page = pageUrl ? { page: pageUrl } : {}
  const reader = readerUrl ? { reader: printableDatabaseUrl(readerUrl), passwordFile } : {}
  return {
    facts: { ports, ...page, pipe: pipePath, database, psql: describePsql(facts), ...reader },
    message: `ready: exporters may send to ${describePorts(facts)}`,
  } as const
}

/** Describes the login of Grafana and other tools as one URL to copy. */
function describeReader({ readerUrl, passwordFile }: GreetingFacts): string[] {
  if (!readerUrl) return []
  return [
    `  For other tools     ${readerUrl}`,
    `                      reads only; its password is kept in ${passwordFile}`,
  ]
}

function describePsql({ socketDir, databaseUrl }: GreetingFacts): string {
  if (!socketDir) return `psql ${quote(printableDatabaseUrl(databaseUrl), '"')}`
  const port = /:(\d+)\/\w+$/.exec(databaseUrl)?.[1] ?? DEFAULT_PORT
  const place = port === DEFAULT_PORT ? '' : ` -p ${port}`
  return `psql -h ${quote(socketDir)}${place} -U netflow netflow`
}

function describePorts({ host, ports }: GreetingFacts): string {
  return ports.map((port) => describePort(host, port)).join(', ')
}

function describePort(host: string, port: number): string {
  if (host === '::' || host === '0.0.0.0') return `UDP port ${port} on every address`
  return `UDP ${host.includes(':') ? `[${host}]` : host}:${port}`
}

function describeDatabase({ socketDir, databaseUrl, readerUrl }: GreetingFacts): string {
  if (!socketDir) return printableDatabaseUrl(databaseUrl)
  const tcp = readerUrl ? `TCP on ${new URL(readerUrl).host}` : 'no TCP'
  return `${socketDir} (unix socket, ${tcp})`
}

/** Describes a command for machines without psql: it uses the package pg, which is installed here. */
function describeNodeClient({ programDir, socketDir, databaseUrl }: GreetingFacts): string[] {
  const url = socketDir ? JSON.stringify(databaseUrl) : 'process.env.DATABASE_URL'
  const script =
    `const{Client}=require(${JSON.stringify(`${programDir}/node_modules/pg`)});` +
    `const c=new Client(${url});` +
    'c.connect().then(()=>c.query(process.argv[1])).then(r=>{console.table(r.rows);return c.end()})'
  return [
    'psql is not installed here; this command asks one question without it:',
    '',
    `node -e ${quote(script)} "select count(*) from flows"`,
    '',
  ]
}

/**
 * Quotes a word for the shell where necessary; with `mark` always, by that character if possible.
 */
function quote(word: string, mark = ''): string {
  if (mark === '"' && !/["$`\\!]/.test(word)) return `"${word}"`
  if (mark === '' && /^[\w@%+=:,./-]+$/.test(word)) return word
  return `'${word.replaceAll("'", `'\\''`)}'`
}
