/** Finds and runs the exporters that the machine has installed. It installs nothing. */

import { type ChildProcess, spawn } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Debian keeps daemons where a plain user's PATH does not look. */
const MORE_FOLDERS = ['/usr/local/sbin', '/usr/sbin', '/sbin']

/** Finds a program; undefined when it is not installed. */
export function findProgram(name: string): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), ...MORE_FOLDERS]
  return folders.map((folder) => join(folder, name)).find(isExecutable)
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** Returns why a test cannot run: the missing programs; false when it can. */
export function missingPrograms(...names: readonly string[]): string | false {
  const missing = names.filter((name) => findProgram(name) === undefined)
  return missing.length > 0 && `not installed: ${missing.join(', ')}`
}

const RUN_DEADLINE_MS = 60_000

/**
 * Runs an exporter to its end.
 *
 * @throws with all its output when it fails, is missing, or does not end within a minute
 */
export async function runExporter(name: string, args: readonly string[], cwd: string) {
  // In a group of its own: pmacctd is several processes.
  const child = spawn(findProgram(name) ?? name, args, {
    cwd,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
  }
  const timer = setTimeout(() => killGroup(child), RUN_DEADLINE_MS)
  const end = await new Promise<string>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => resolve(String(code ?? signal)))
  })
  clearTimeout(timer)
  if (end !== '0') throw new Error(`${name} ended with ${end}:\n${output}`)
}

/** Ends a process that was started with `detached`, and its children. */
function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
