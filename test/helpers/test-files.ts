/**
 * Finds the built test files, puts those that share a process well together, and orders the rest so
 * that long files start first.
 */

import { readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const TESTS_DIR = fileURLToPath(new URL('..', import.meta.url))

/**
 * Seconds of the longest entries on an idle machine, most of which only wait; the order of the others
 * matters little.
 */
const LONG_FIRST = new Map([
  ['integration/stray-numbers', 75],
  ['integration/restarts', 55],
  ['integration/honest-loss', 50],
  ['console/web/page/browser', 50],
  ['chaos/chaos', 60],
  ['conformance/captures', 40],
  ['integration', 40],
  ['console', 40],
  ['console/web', 40],
  ['integration/journal-damage', 35],
  ['integration/writer-faults', 35],
  ['writer/load/loader-outages', 30],
  ['integration/loss-settings', 30],
  ['integration/journal-limits', 30],
  ['integration/writer', 30],
  ['end-to-end/npm-start', 30],
  ['writer/load (database)', 30],
  ['launcher', 25],
  ['integration/balance', 20],
  ['integration/exporter-memory', 20],
  ['writer', 20],
  ['writer/netflow', 20],
  ['end-to-end/npm-start-web', 15],
  ['end-to-end/npm-start-errors', 15],
  ['launcher/postgres/embedded-postgres', 15],
])

/** Modules that a test which only computes does not reach. */
const OUTSIDE = new Set([
  ...['node:child_process', 'node:worker_threads', 'node:net', 'node:dgram', 'node:http'],
  ...['pg', 'koffi'],
])

/** Exports of `node:net` that only compute. */
const ADDRESS_TOOLS = new Set(['isIP', 'isIPv4', 'isIPv6', 'BlockList', 'SocketAddress'])

/** The process of tests that only compute. */
const COMPUTING = 'computing'
/** Rooms whose computing tests take seconds, and have a process of their own. */
const COMPUTING_ROOMS = new Set(['writer/netflow', 'writer/sequence', 'console/web'])

/** Rooms whose tests of SQL share a process: each describes its own database and no process. */
const DATABASE_ROOMS = new Set(['writer/load', 'migrations/answers'])

/**
 * Processes for the other files of a room, which start processes of their own: the first that fits.
 * Files of `LONG_FIRST`, those with hooks of their whole file, and those that change or measure their
 * process are alone.
 */
const SHARED_ROOMS = [
  { room: 'console/web/page/browser', processes: 2 },
  { room: 'console/web', processes: 3 },
  { room: 'console', processes: 2 },
  { room: 'integration', processes: 4 },
  { room: 'launcher', processes: 1 },
  { room: 'writer', processes: 1 },
  { room: 'collector', processes: 1 },
  { room: 'deploy', processes: 1 },
  { room: '', processes: 2 },
] as const
const PROCESS_CHANGES =
  /\bprocess\.(?:on|exit|chdir|umask|cpuUsage|memoryUsage)\(|process\.env\[[^\]]+\] = |\bmock\./

/** Reaches processes, but only for the server that a whole run shares. */
const DATABASE_HELPER = join(TESTS_DIR, 'helpers/database.js')

/** Lists the test files below `test/`, without `.test.js`, by path. */
export function listTestFiles(): string[] {
  return readdirSync(TESTS_DIR, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.test.js'))
    .map((path) => path.slice(0, -'.test.js'.length))
    .sort()
}

/** The entries of a run in a folder of their own. */
export interface TestPlan {
  /** To remove after the run. */
  readonly folder: string
  /** To hand to `node --test`, the longest first. */
  readonly entries: readonly string[]
  /** Whether all tests only compute, and need no server. */
  readonly isPure: boolean
}

/**
 * Writes a file for each process of a run. Most test files share a process with others of their room:
 * alone they would spend more time on starting than on testing.
 *
 * `node --test` starts files in the order of their names, whatever the order of its arguments, so the
 * names begin with numbers.
 */
export async function planTestRun(names: readonly string[]): Promise<TestPlan> {
  const imports = new ImportGraph()
  const rooms = new Map<string, string[]>()
  names.forEach((name, index) => {
    const room = findRoom(name, imports, index) ?? name
    rooms.set(room, [...(rooms.get(room) ?? []), join(TESTS_DIR, `${name}.test.js`)])
  })
  const weight = ([room]: [string, ...unknown[]]) => LONG_FIRST.get(room.replace(/ #\d+$/, '')) ?? 1
  const folder = await mkdtemp(join(tmpdir(), 'netflow-test-run-'))
  const entries: string[] = []
  for (const [room, paths] of [...rooms].sort((a, b) => weight(b) - weight(a))) {
    const number = String(entries.length).padStart(3, '0')
    const path = join(folder, `${number}-${room.replaceAll(/\W+/g, '-')}.test.mjs`)
    const lines = paths.map((file) => `import ${JSON.stringify(pathToFileURL(file).href)}\n`)
    await writeFile(path, lines.join(''))
    entries.push(path)
  }
  return {
    folder,
    entries,
    isPure: [...rooms.keys()].every((room) => room === COMPUTING || COMPUTING_ROOMS.has(room)),
  }
}

/** Returns the name of the process that a file shares with others; undefined: it has its own. */
function findRoom(name: string, imports: ImportGraph, index: number): string | undefined {
  const path = join(TESTS_DIR, `${name}.test.js`)
  const room = dirname(name).split('/').slice(0, 2).join('/')
  if (imports.isPure(path)) return COMPUTING_ROOMS.has(room) ? room : COMPUTING
  if (DATABASE_ROOMS.has(room) && imports.isPure(path, ['pg', DATABASE_HELPER])) {
    return `${room} (database)`
  }
  if (LONG_FIRST.has(name) || !keepsToItself(path)) return undefined
  const shared = SHARED_ROOMS.find(({ room }) => room === '' || name.startsWith(`${room}/`))
  return shared && `${shared.room || 'others'} #${index % shared.processes}`
}

/** Whether a file has no hooks of its whole file, and does not change or measure its process. */
function keepsToItself(path: string): boolean {
  const text = readFileSync(path, 'utf8')
  return !/^(?:before|after)(?:Each)?\(/m.test(text) && !PROCESS_CHANGES.test(text)
}

/** Follows the imports of built files. */
class ImportGraph {
  readonly #imports = new Map<string, readonly string[]>()

  /** Whether a test file that keeps to itself reaches nothing outside its process but `allowed`. */
  isPure(path: string, allowed: readonly string[] = []): boolean {
    if (!keepsToItself(path)) return false
    const seen = new Set<string>()
    const open = [path]
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      if (seen.has(next)) continue
      seen.add(next)
      if (allowed.includes(next)) continue
      if (OUTSIDE.has(next)) return false
      if (next.endsWith('.js')) open.push(...this.#importsOf(next))
    }
    return true
  }

  #importsOf(path: string): readonly string[] {
    const known = this.#imports.get(path)
    if (known) return known
    const text = readFileSync(path, 'utf8').replaceAll(
      /import \{([^}]*)\} from ['"]node:net['"]/g,
      (statement, names: string) =>
        names.split(',').every((name) => ADDRESS_TOOLS.has(name.trim())) ? '' : statement,
    )
    const found = [...text.matchAll(/(?:\bfrom|\bimport)\s*\(?['"]([^'"]+)['"]/g)].map(
      ([, specifier = '']) =>
        specifier.startsWith('.') ? resolve(dirname(path), specifier) : specifier,
    )
    this.#imports.set(path, found)
    return found
  }
}
