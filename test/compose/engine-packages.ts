/** Installs the programs of a container engine, on Debian. */

import { runCommand } from './command.ts'

/** The test cannot run on this machine; the message explains why. */
export class CannotRunError extends Error {
  readonly code = 'CANNOT_RUN'

  constructor(reason: string) {
    super(reason)
    this.name = 'CannotRunError'
  }
}

// runc, as crun refuses machines with cgroups of both versions. docker-compose is 1.29.
const PACKAGES = [
  'aardvark-dns',
  'buildah',
  'ca-certificates',
  'debootstrap',
  'docker-compose',
  'iptables',
  'netavark',
  'podman',
  'runc',
] as const

/** Installs the missing packages. @throws CannotRunError if that is impossible */
export async function ensureEnginePackages(): Promise<void> {
  if (process.platform !== 'linux') throw new CannotRunError('containers need Linux')
  if (process.getuid?.() !== 0) throw new CannotRunError('the engine needs root: use sudo')
  const missing = await findMissing()
  if (missing.length === 0) return
  const environment = { DEBIAN_FRONTEND: 'noninteractive' }
  try {
    await runCommand('apt-get', ['update', '-qq'], { environment })
    const args = ['install', '-y', '-qq', '--no-install-recommends', ...missing]
    await runCommand('apt-get', args, { environment })
  } catch (error) {
    throw new CannotRunError(`could not install ${missing.join(', ')}: ${error}`)
  }
}

async function findMissing(): Promise<string[]> {
  let installed: string
  try {
    installed = await runCommand('dpkg-query', ['-W', '-f', `\${Package} \${db:Status-Status}\n`])
  } catch {
    throw new CannotRunError(`this is not Debian; it needs ${PACKAGES.join(', ')}`)
  }
  const lines = new Set(installed.split('\n'))
  return PACKAGES.filter((name) => !lines.has(`${name} installed`))
}
