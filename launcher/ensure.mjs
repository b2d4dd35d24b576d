/**
 * Installs missing or old packages, and builds if necessary, before the other commands of npm.
 * `--install-only` builds nothing. `--build-only` installs nothing; npm runs it after each install.
 * A node_modules that is a link stays as it is. This file runs in a fresh clone, so it is plain
 * JavaScript without dependencies.
 */

import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import * as fs from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))
const OLDEST_NODE = [20, 19]
const SOURCE_FOLDERS = ['shared', 'collector', 'writer', 'console', 'launcher', 'test']
/** Compiled by tsc, and by the generator of the filters' parser. */
const SOURCES = ['.ts', '.peggy', '.mjs']
/** Served beside the page's compiled modules. */
const PAGE_FILES = ['.html', '.css', '.svg']
const TSC = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc')
/** The page of the web server has a configuration of its own: it runs in browsers. */
const PAGE = join('console', 'web', 'page', 'tsconfig.json')
/** Generates what tsc does not compile. */
const GENERATOR = join(ROOT, 'console', 'query', 'filter', 'generate-parser.mjs')
/** Identifies the sources of `dist`; missing during a build. */
const STAMP = join(ROOT, 'dist', '.built-from')
const LOCK = join(ROOT, 'dist', '.ensure.lock')

const installOnly = process.argv.includes('--install-only')
const buildOnly = process.argv.includes('--build-only')
/** Set for the npm that this file starts: this file builds afterwards, under its lock. */
const INSTALLING = 'NETFLOW_ENSURE_INSTALLING'

class EnsureError extends Error {}

async function main() {
  checkNode()
  if (buildOnly) {
    if (process.env[INSTALLING] === undefined && needsBuild()) await withLock(build)
    return
  }
  if (!needsInstall() && (installOnly || !needsBuild())) return
  await withLock(async () => {
    if (needsInstall()) await install()
    if (!installOnly && needsBuild()) await build()
  })
}

function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  if (major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1])) return
  throw new EnsureError(
    `Node.js ${OLDEST_NODE.join('.')} or newer is needed, not ${process.version}`,
  )
}

/**
 * Compares the installed packages with package-lock.json. File times would not do, because a
 * checkout renews them. Packages for other platforms are optional and may be missing.
 */
function needsInstall() {
  const wanted = readPackages(join(ROOT, 'package-lock.json'))
  const installed = readPackages(join(ROOT, 'node_modules', '.package-lock.json'))
  if (!wanted) throw new EnsureError('package-lock.json is missing: the clone is not complete')
  if (!installed) return true
  return Object.entries(wanted).some(([path, { version, optional }]) => {
    if (path === '' || (optional && !installed[path])) return false
    return installed[path]?.version !== version
  })
}

function readPackages(path) {
  try {
    return JSON.parse(fs.readFileSync(path, 'utf8')).packages
  } catch (error) {
    if (error.code === 'ENOENT' || error instanceof SyntaxError) return undefined
    throw error
  }
}

async function install() {
  const folder = fs.lstatSync(join(ROOT, 'node_modules'), { throwIfNoEntry: false })
  if (folder?.isSymbolicLink()) {
    tell('node_modules is a link and differs from package-lock.json; it is used as it is')
    return
  }
  // The npm that runs this script, if any. With NODE_ENV=production alone it would omit tsc.
  const cli = process.env.npm_execpath ?? ''
  const npm = /^npm-cli\.c?js$/.test(basename(cli)) ? [process.execPath, cli] : ['npm']
  const options = ['--include=dev', '--include=optional', '--no-audit', '--no-fund']
  const environment = { ...process.env, [INSTALLING]: '1' }
  await run('installing packages (npm ci)', [...npm, 'ci', ...options], environment)
}

function needsBuild() {
  try {
    return fs.readFileSync(STAMP, 'utf8') !== fingerprintSources()
  } catch (error) {
    if (error.code === 'ENOENT') return true
    throw error
  }
}

async function build() {
  const sources = fingerprintSources()
  fs.rmSync(STAMP, { force: true })
  await run('building (tsc)', [process.execPath, TSC, '-p', 'tsconfig.json'])
  if (fs.existsSync(join(ROOT, PAGE))) {
    await run('building (page)', [process.execPath, TSC, '-p', PAGE])
  }
  if (fs.existsSync(GENERATOR)) await run('building (parser)', [process.execPath, GENERATOR])
  removeLeftOvers()
  fs.writeFileSync(STAMP, sources)
}

function fingerprintSources() {
  const hash = createHash('sha256')
  for (const path of [
    'package-lock.json',
    'tsconfig.json',
    ...listFiles(SOURCE_FOLDERS, [...SOURCES, ...PAGE_FILES, 'tsconfig.json']),
  ]) {
    const { mtimeMs, size } = fs.statSync(join(ROOT, path))
    hash.update(`${path} ${mtimeMs} ${size}\n`)
  }
  return hash.digest('hex')
}

/** A built file without its source would still run, especially a test. */
function removeLeftOvers() {
  const folders = SOURCE_FOLDERS.map((folder) => join('dist', folder))
  for (const path of listFiles(folders, ['.js'])) {
    const source = join(ROOT, path.slice('dist/'.length, -'.js'.length))
    if (SOURCES.some((extension) => fs.existsSync(source + extension))) continue
    fs.rmSync(join(ROOT, path))
    fs.rmSync(join(ROOT, `${path}.map`), { force: true })
    fs.rmSync(join(ROOT, path.replace(/\.js$/, '.d.ts')), { force: true })
  }
}

function listFiles(folders, extensions) {
  return folders
    .filter((folder) => fs.existsSync(join(ROOT, folder)))
    .flatMap((folder) =>
      fs.readdirSync(join(ROOT, folder), { recursive: true }).map((path) => join(folder, path)),
    )
    .filter((path) => extensions.some((extension) => path.endsWith(extension)))
    .sort()
}

/** Writes to standard error: standard output belongs to the command that follows. */
function tell(text) {
  process.stderr.write(`${text}\n`)
}

/** Runs a command, and shows its output and how long it takes. */
async function run(title, [command, ...parameters], env = process.env) {
  const startedAt = Date.now()
  const seconds = () => Math.round((Date.now() - startedAt) / 1000)
  const isTerminal = process.stderr.isTTY
  process.stderr.write(`${title} …${isTerminal ? '' : '\n'}`)
  const show = () => process.stderr.write(`\r${title} … ${seconds()} s`)
  const timer = isTerminal ? setInterval(show, 1000) : undefined
  const stdio = ['inherit', 'pipe', 'pipe']
  const child = spawn(command, parameters, { cwd: ROOT, stdio, env })
  let isFirst = true
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      clearInterval(timer)
      if (isFirst && isTerminal) process.stderr.write('\n')
      isFirst = false
      process.stderr.write(chunk)
    })
  }
  const reason = await new Promise((resolve, reject) => {
    child.once('error', (error) =>
      reject(new EnsureError(`${command} cannot be run: ${error.message}`)),
    )
    child.once('close', (status, signal) => resolve(signal ?? status))
  }).finally(() => clearInterval(timer))
  if (reason !== 0) {
    throw new EnsureError(`"${[command, ...parameters].join(' ')}" ended with ${reason}`)
  }
  if (isTerminal && isFirst) process.stderr.write(`\r${title}: ${seconds()} s\n`)
  else tell(`${title}: ${seconds()} s`)
}

/** Two terminals may start commands at the same time: the second waits, then finds all done. */
async function withLock(action) {
  fs.mkdirSync(dirname(LOCK), { recursive: true })
  const self = describeProcess(process.pid)
  let isReported = false
  while (!takeLock(self)) {
    if (!isReported) tell(`waiting for another install or build (${LOCK}) …`)
    isReported = true
    await sleep(100)
  }
  try {
    await action()
  } finally {
    fs.rmSync(LOCK, { force: true })
  }
}

function takeLock(self) {
  // A link appears at once with its whole content, or not at all.
  const draft = `${LOCK}.${process.pid}`
  fs.writeFileSync(draft, self)
  try {
    fs.linkSync(draft, LOCK)
    return true
  } catch (error) {
    if (error.code !== 'EEXIST') throw error
  } finally {
    fs.rmSync(draft)
  }
  const holder = readIfThere(LOCK)
  if (holder !== undefined && describeProcess(Number(holder.split(' ')[0])) !== holder)
    breakLock(holder)
  return false
}

/** Removes the lock of a dead process; gives it back if another process has taken it meanwhile. */
function breakLock(holder) {
  const aside = `${LOCK}.${process.pid}.stale`
  try {
    fs.renameSync(LOCK, aside)
    if (readIfThere(aside) !== holder) fs.linkSync(aside, LOCK)
  } catch (error) {
    if (error.code !== 'ENOENT' && error.code !== 'EEXIST') throw error
  }
  fs.rmSync(aside, { force: true })
}

/** Returns "<pid> <start time>", which no later process with this pid has; "" after its end. */
function describeProcess(pid) {
  try {
    process.kill(pid, 0)
  } catch (error) {
    if (error.code !== 'EPERM') return ''
  }
  const text = readIfThere(`/proc/${pid}/stat`) ?? ''
  return `${pid} ${text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? ''}`
}

function readIfThere(path) {
  try {
    return fs.readFileSync(path, 'utf8')
  } catch (error) {
    if (error.code === 'ENOENT' || error.code === 'ESRCH') return undefined
    throw error
  }
}

try {
  await main()
} catch (error) {
  console.error(error instanceof EnsureError ? `ensure: ${error.message}` : error)
  process.exitCode = 1
}
