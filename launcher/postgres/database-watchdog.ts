/**
 * A shell process that stops the embedded database after this process has ended, however it died.
 */

import { type ChildProcess, spawn } from 'node:child_process'

// Standard input names the processes that use the database: "<pid> <pid> …". The input ends with
// the launcher. Then the script waits for these processes, which still store their data, and stops
// the server. A smart shutdown would not do: it lets open sessions finish, but refuses new ones.
// The script ends with the server, or gives up after two minutes.
const SCRIPT = `
clients=
while read -r line; do
  [ "$line" = done ] && exit 0
  clients=$line
done
busy() {
  for client in $clients; do
    kill -0 "$client" 2>/dev/null || continue
    case $(cat "/proc/$client/stat" 2>/dev/null) in *') Z '*) ;; *) return 0 ;; esac
  done
  return 1
}
server() {
  pid=$(head -n 1 "$1/postmaster.pid" 2>/dev/null) && [ "$pid" -gt 1 ] || return 1
  [ ! -e /proc/self/comm ] || [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = postgres ]
}
turns=0
while busy && [ $turns -lt 600 ]; do sleep 0.1; turns=$((turns + 1)); done
server "$1" && kill -INT "$pid"
turns=0
while server "$1" && [ $turns -lt 600 ]; do sleep 0.1; turns=$((turns + 1)); done
`

export class DatabaseWatchdog {
  readonly #dataDir: string
  #process: ChildProcess | undefined

  constructor(dataDir: string) {
    this.#dataDir = dataDir
  }

  /** The pid of the watchdog, which outlives this process until the database is stopped. */
  get pid(): number | undefined {
    return this.#process?.pid
  }

  start(): void {
    if (this.#process) return
    // In its own session: neither Ctrl-C nor the end of the terminal may end it.
    const child = spawn('sh', ['-c', SCRIPT, 'database-watchdog', this.#dataDir], {
      cwd: '/',
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
    })
    child.on('error', () => {})
    child.stdin?.on('error', () => {}) // The watchdog was killed.
    child.unref()
    ;(child.stdin as unknown as { unref(): void }).unref()
    this.#process = child
  }

  /** Names the processes that may finish their sessions if this process is killed. */
  setClients(pids: readonly number[]): void {
    this.#process?.stdin?.write(`${pids.join(' ')}\n`)
  }

  /** Ends the watchdog; the database stays as it is. */
  stop(): void {
    this.#process?.stdin?.end('done\n')
    this.#process = undefined
  }
}
