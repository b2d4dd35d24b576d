/** Runs Debian's pgbouncer before a test server. */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { access, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { chooseServerAccount, type ServerAccount } from '../../launcher/postgres/server-account.ts'
import { until } from './until.ts'

export type PoolMode = 'session' | 'transaction' | 'statement'

/** Daemons are often outside of a user's PATH. */
const PATH = `${process.env['PATH']}:/usr/sbin`
const PORT = 6432

/** Why pgbouncer cannot run here; false: it can. */
export async function whyNoPooler(): Promise<string | false> {
  if (spawnSync('pgbouncer', ['--version'], { env: { PATH } }).status !== 0) {
    return 'pgbouncer is not installed'
  }
  const { ids } = await chooseAccount()
  return ids ? 'pgbouncer does not run as root, and user namespaces are forbidden' : false
}

function chooseAccount(): Promise<ServerAccount> {
  return chooseServerAccount({ dataDir: '/nonexistent', userNamespaces: true })
}

export class Pooler {
  /** The connection string that leads through here. */
  readonly url: string
  readonly #folder: string
  readonly #child: ChildProcess

  private constructor(folder: string, child: ChildProcess, url: string) {
    this.#folder = folder
    this.#child = child
    this.url = url
  }

  /** @param target of a server on a Unix socket whose users need no password */
  static async start(target: string, mode: PoolMode): Promise<Pooler> {
    const folder = await mkdtemp(join(tmpdir(), 'pooler-'))
    const { host, port, user = '', database = '' } = new pg.Client({ connectionString: target })
    const config = join(folder, 'pgbouncer.ini')
    const users = join(folder, 'users.txt')
    await writeFile(users, `"${user}" ""\n`)
    await writeFile(
      config,
      `[databases]
       ${database} = host=${host} port=${port}
       [pgbouncer]
       listen_port = ${PORT}
       unix_socket_dir = ${folder}
       auth_type = trust
       auth_file = ${users}
       pool_mode = ${mode}
       default_pool_size = 20
       `.replace(/^ +/gm, ''),
    )
    const { prefix } = await chooseAccount()
    const [command = '', ...args] = [...prefix, 'pgbouncer', '--quiet', config]
    const child = spawn(command, args, { env: { PATH }, stdio: 'inherit' })
    const socket = join(folder, `.s.PGSQL.${PORT}`)
    await until('pgbouncer listens', () =>
      access(socket).then(
        () => true,
        () => false,
      ),
    )
    return new Pooler(
      folder,
      child,
      `postgres://${user}@${encodeURIComponent(folder)}:${PORT}/${database}`,
    )
  }

  async stop(): Promise<void> {
    const ended = once(this.#child, 'exit')
    this.#child.kill('SIGQUIT')
    if (this.#child.exitCode === null && this.#child.signalCode === null) await ended
    await rm(this.#folder, { recursive: true, force: true })
  }
}
