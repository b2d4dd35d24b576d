/** Looks up names of hosts by DNS: each address once, and all within a limit of time. */

import { promises as dns } from 'node:dns'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Row } from '../query/sql.ts'
import type { Column } from './output/answer.ts'

const LIMIT_MS = 500
/** Further addresses in a portion of rows are not looked up. */
const MAX_LOOKUPS = 200

export class Resolver {
  readonly #names = new Map<string, string | undefined>()
  readonly #reverse: (address: string) => Promise<readonly string[]>

  /** @param reverse looks an address up; default: DNS */
  constructor(reverse?: (address: string) => Promise<readonly string[]>) {
    const resolver = new dns.Resolver({ timeout: LIMIT_MS, tries: 1 })
    this.#reverse = reverse ?? ((address) => resolver.reverse(address))
  }

  /** Returns a name that was found before; undefined: none was. */
  nameOf(address: string): string | undefined {
    return this.#names.get(address)
  }

  /** Looks up the addresses of rows. An address without an answer in time has no name. */
  async prepare(rows: readonly Row[], columns: readonly Column[]): Promise<void> {
    const names = columns.filter(({ kind }) => kind === 'address').map(({ name }) => name)
    const found = rows.flatMap((row) => names.map((name) => row[name] ?? ''))
    const fresh = [...new Set(found)].filter(
      (address) => address !== '' && !this.#names.has(address),
    )
    for (const address of fresh) this.#names.set(address, undefined)
    const lookups = fresh.slice(0, MAX_LOOKUPS).map((address) => this.#lookUp(address))
    const limit = new AbortController()
    await Promise.race([
      Promise.all(lookups),
      sleep(LIMIT_MS, undefined, { signal: limit.signal }).catch(() => {}),
    ])
    limit.abort()
  }

  async #lookUp(address: string): Promise<void> {
    const [name] = await this.#reverse(address).catch(() => [])
    if (name) this.#names.set(address, name)
  }
}
