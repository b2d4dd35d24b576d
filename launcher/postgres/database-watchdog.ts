/**
 * A shell process that stops the embedded database when this process is gone, however it died. It
 * does nothing while this process lives.
 */

import { type ChildProcess, spawn } from 'node:child_process'

// Reads "<pid> <pid> …" (the processes that still use the database) from standard input. At its end,
// which is the end of the launcher, it waits until they are gone, so that they can store what they
// hold, and stops the server. (A smart shutdown at once would let open sessions finish, but refuse
// the ones that a client has yet to open.) It ends with the server, or gives up after two minutes.
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

  /** The pid while it watches; after the end of this process, until the database is stopped. */
  get pid(): number | undefined {
    return this.#process?.pid
  }

  start(): void {
    if (this.#process) return
    // A session of its own: neither Ctrl-C nor the end of the terminal may take it along.
    const child = spawn('sh', ['-c', SCRIPT, 'database-watchdog', this.#dataDir], {
      cwd: '/',
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
    })
    child.on('error', () => {})
    child.stdin?.on('error', () => {}) // It was killed: nothing to protect any more.
    child.unref()
    ;(child.stdin as unknown as { unref(): void }).unref()
    this.#process = child
  }

  /** Names the processes whose sessions may finish when this process dies. */
  setClients(pids: readonly number[]): void {
    this.#process?.stdin?.write(`${pids.join(' ')}\n`)
  }

  /** Sends the watchdog away; the database stays as it is. */
  stop(): void {
    this.#process?.stdin?.end('done\n')
    this.#process = undefined
  }
}
