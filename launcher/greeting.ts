/** The text that `npm start` shows once everything runs. */

interface GreetingFacts {
  readonly host: string
  readonly ports: readonly number[]
  readonly pipePath: string
  /** The folder of the embedded server's socket; undefined with a database of the user's own. */
  readonly socketDir: string | undefined
  readonly databaseUrl: string
  readonly hasPsql: boolean
  /** The folder of this program, with `node_modules` in it. */
  readonly programDir: string
}

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
  const psql = facts.socketDir
    ? `psql -h ${quote(facts.socketDir)} -U netflow netflow`
    : `psql ${quote(withoutPassword(facts.databaseUrl), '"')}`
  const lines = [
    '',
    'Ready.',
    '',
    `  Exporters           NetFlow v1, v5 to v9, IPFIX to ${facts.ports.map((port) => describePort(facts.host, port)).join(', ')}`,
    `  Named pipe          ${facts.pipePath}`,
    `  Database            ${facts.socketDir ? 'embedded, in ' : ''}${describeDatabase(facts)}`,
    '',
    'Connect:',
    '',
    psql,
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

function describePort(host: string, port: number): string {
  if (host === '::' || host === '0.0.0.0') return `UDP port ${port} on every address`
  return `UDP ${host.includes(':') ? `[${host}]` : host}:${port}`
}

function describeDatabase({ socketDir, databaseUrl }: GreetingFacts): string {
  return socketDir ? `${socketDir} (unix socket, no TCP)` : withoutPassword(databaseUrl)
}

/** For machines without psql: the package pg is installed here. */
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

/** Leaves the password out of a connection string. */
export function withoutPassword(url: string): string {
  return url
    .replace(/^([a-z]+:\/\/[^/?#@:]*):[^/?#]*@/i, '$1@')
    .replace(/([?&])password=[^&]*&?/gi, '$1')
    .replace(/[?&]$/, '')
}

/**
 * Quotes a word for the shell where necessary; with `mark` always, by that character if possible.
 */
function quote(word: string, mark = ''): string {
  if (mark === '"' && !/["$`\\!]/.test(word)) return `"${word}"`
  if (mark === '' && /^[\w@%+=:,./-]+$/.test(word)) return word
  return `'${word.replaceAll("'", `'\\''`)}'`
}
