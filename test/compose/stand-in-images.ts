/**
 * Builds images under the names that the deployment uses, as this machine may not reach a registry of
 * images: Debian with Node from npm, Debian with its own PostgreSQL, and a server in place of Grafana.
 */

import { createHash } from 'node:crypto'
import { copyFile, cp, mkdir, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Engine } from './engine.ts'

const BASE = 'localhost/netflow-stand-in-base'
const SUITE = 'bookworm'
const NPM_VERSION = '11'

export interface StandInSources {
  readonly engine: Engine
  /** The project's folder, with Dockerfile and docker-compose.yml. */
  readonly project: string
}

/** Builds the missing images and returns their names. */
export async function makeStandInImages(sources: StandInSources): Promise<string[]> {
  const { engine, project } = sources
  const nodeImage = await findImage(join(project, 'Dockerfile'), /^FROM (node:(\d+)\S*)/m)
  const postgresImage = await findImage(
    join(project, 'docker-compose.yml'),
    /^ +image: (postgres:(\d+)\S*)/m,
  )
  const nodePackage = `node-linux-${process.arch}`
  const packages = [`${nodePackage}@${nodeImage.version}`, `npm@${NPM_VERSION}`]
  const recipes = [
    { ...nodeImage, source: 'node', packages, buildArgs: [`NODE_PACKAGE=${nodePackage}`] },
    { ...postgresImage, source: 'postgres', packages: [], buildArgs: [] },
    {
      ...(await findImage(
        join(project, 'docker-compose.yml'),
        /^ +image: (grafana\/grafana:(\d+)\S*)/m,
      )),
      ...{ source: 'grafana', packages: [] },
      buildArgs: [`NODE_IMAGE=${fullName(nodeImage.name)}`],
    },
  ]
  const made: string[] = []
  for (const recipe of recipes) {
    const folder = join(project, 'test/compose/stand-ins', recipe.source)
    const fingerprint = await fingerprintRecipe(folder, [...recipe.packages, ...recipe.buildArgs])
    if (await isThere(engine, recipe.name, fingerprint)) continue
    await ensureBase(engine)
    await build(engine, { ...recipe, folder, fingerprint })
    made.push(recipe.name)
  }
  return made
}

interface BuildRecipe {
  readonly name: string
  readonly folder: string
  readonly packages: readonly string[]
  readonly buildArgs: readonly string[]
  readonly fingerprint: string
}

async function build(engine: Engine, recipe: BuildRecipe): Promise<void> {
  const context = join(engine.folder, 'stand-in')
  await mkdir(context)
  await cp(recipe.folder, context, { recursive: true })
  if (recipe.packages.length > 0) {
    const options = ['--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock']
    await engine.run('npm', 'install', '--prefix', context, ...options, ...recipe.packages)
    await copyFile('/etc/ssl/certs/ca-certificates.crt', join(context, 'ca-certificates.crt'))
  }
  const buildArgs = recipe.buildArgs.flatMap((argument) => ['--build-arg', argument])
  const label = `recipe=${recipe.fingerprint}`
  const tag = fullName(recipe.name)
  await engine.podman('build', '--network=host', '--label', label, '-t', tag, ...buildArgs, context)
  await rm(context, { recursive: true })
}

async function ensureBase(engine: Engine): Promise<void> {
  if (await isThere(engine, BASE, SUITE)) return
  const folder = join(engine.folder, 'base')
  await engine.run('debootstrap', '--variant=minbase', SUITE, folder)
  await engine.run('tar', '-C', folder, '-cf', `${folder}.tar`, '.')
  await engine.podman('import', '--change', `LABEL recipe=${SUITE}`, `${folder}.tar`, BASE)
  await rm(folder, { recursive: true })
  await rm(`${folder}.tar`)
}

async function isThere(engine: Engine, name: string, fingerprint: string): Promise<boolean> {
  const args = [
    '--filter',
    `reference=${fullName(name)}`,
    '--filter',
    `label=recipe=${fingerprint}`,
  ]
  return (await engine.podman('images', '--quiet', ...args)).trim() !== ''
}

/** Short names belong to the registry of Docker. */
function fullName(name: string): string {
  if (name.startsWith('localhost/')) return name
  return name.includes('/') ? `docker.io/${name}` : `docker.io/library/${name}`
}

async function findImage(
  path: string,
  pattern: RegExp,
): Promise<{ name: string; version: string }> {
  const [, name, version] = pattern.exec(await readFile(path, 'utf8')) ?? []
  if (name === undefined || version === undefined)
    throw new Error(`${path} does not match ${pattern}`)
  return { name, version }
}

async function fingerprintRecipe(folder: string, inputs: readonly string[]): Promise<string> {
  const hash = createHash('sha256').update(inputs.join())
  for (const name of (await readdir(folder)).sort()) {
    hash.update(name).update(await readFile(join(folder, name)))
  }
  return hash.digest('hex').slice(0, 16)
}
