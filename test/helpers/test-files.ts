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

/** Seconds of the longest files on an idle machine; the order of the others matters little. */
const LONG_FIRST = new Map([
  ['conformance/captures', 70],
  ['integration/restarts', 45],
  ['end-to-end/npm-start', 40],
  ['launcher/postgres/embedded-postgres', 40],
  ['chaos/chaos', 60],
  ['integration/exporter-memory', 20],
  ['integration/writer-faults', 20],
  ['writer/load/loader-outages', 20],
  ['integration/journal-damage', 20],
  ['integration/writer', 20],
  ['integration/balance', 20],
  ['integration/journal-limits', 20],
  ['integration/exporters/softflowd', 15],
  ['integration/exporters/fprobe', 15],
  ['writer/netflow', 40],
  ['writer/load (database)', 40],
  ['migrations/answers (database)', 20],
])

/** Modules that a test which only computes does not reach. */
const OUTSIDE = new Set([
  ...['node:child_process', 'node:worker_threads', 'node:net', 'node:dgram', 'node:http'],
  ...['pg', 'koffi'],
])

/** Exports of `node:net` that only compute. */
const ADDRESS_TOOLS = new Set(['isIP', 'isIPv4', 'isIPv6', 'BlockList', 'SocketAddress'])

/** Rooms whose tests of SQL share a process: each describes its own database and no process. */
const DATABASE_ROOMS = new Set(['writer/load', 'migrations/answers'])

/** Reaches processes, but only for the server that a whole run shares. */
const DATABASE_HELPER = join(TESTS_DIR, 'helpers/database.js')

/** Lists the test files below `test/`, without `.test.js`, by path. */
export function listTestFiles(): string[] {
  return readdirSync(TESTS_DIR, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.test.js'))
    .map((path) => path.slice(0, -'.test.js'.length))
    .sort()
}

/**
 * Returns the files to hand to `node --test`. Files that only compute are imported by one entry a room,
 * those of a database room by another: alone they would spend more time on starting than on testing.
 */
export async function planTestRun(names: readonly string[]): Promise<string[]> {
  const imports = new ImportGraph()
  const rooms = new Map<string, string[]>()
  const entries: { name: string; path: string }[] = []
  for (const name of names) {
    const path = join(TESTS_DIR, `${name}.test.js`)
    const room = dirname(name).split('/').slice(0, 2).join('/')
    const sharing = imports.isPure(path)
      ? room
      : DATABASE_ROOMS.has(room) && imports.isPure(path, ['pg', DATABASE_HELPER])
        ? `${room} (database)`
        : undefined
    if (sharing === undefined) entries.push({ name, path })
    else rooms.set(sharing, [...(rooms.get(sharing) ?? []), path])
  }
  const folder = rooms.size > 0 ? await mkdtemp(join(tmpdir(), 'netflow-test-rooms-')) : ''
  for (const [room, paths] of rooms) {
    const path = join(folder, `${room.replaceAll(/\W+/g, '-')}.test.mjs`)
    const lines = paths.map((file) => `import ${JSON.stringify(pathToFileURL(file).href)}\n`)
    await writeFile(path, lines.join(''))
    entries.push({ name: room, path })
  }
  const weight = ({ name }: { name: string }) => LONG_FIRST.get(name) ?? 1
  return entries.sort((a, b) => weight(b) - weight(a)).map(({ path }) => path)
}

/** Follows the imports of built files. */
class ImportGraph {
  readonly #imports = new Map<string, readonly string[]>()

  /**
   * Whether a test file reaches nothing outside its process but `allowed`, has no hooks of its whole
   * file, and does not change its process.
   */
  isPure(path: string, allowed: readonly string[] = []): boolean {
    const text = readFileSync(path, 'utf8')
    if (/^(?:before|after)(?:Each)?\(/m.test(text)) return false
    if (allowed.length > 0 && /process\.(?:env|on|exit|chdir)|mock\./.test(text)) return false
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
