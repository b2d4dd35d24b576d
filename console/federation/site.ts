/** A site: a server with pipelines of its own, and how the reporting server reaches it. */

import pg from 'pg'

export interface Site {
  /** Part of the key of everything; also the name of its server. */
  readonly name: string
  readonly url: string
}

/** A site is written wrongly; the message never holds its URL, which has a password. */
export class SiteError extends Error {
  readonly code = 'BAD_SITE'
}

/** Reads `name=URL`. @throws SiteError */
export function parseSite(text: string): Site {
  const [, name, url] = /^([^=]*)=(.*)$/.exec(text) ?? []
  if (name === undefined || url === undefined) {
    throw new SiteError('a site is written as name=postgres://user:password@host:port/database')
  }
  if (!/^[a-z][a-z0-9_]{0,30}$/.test(name) || name === 'all') {
    throw new SiteError(`"${name}" is no name of a site: letters, digits and _, such as zurich_1`)
  }
  if (!/^postgres(ql)?:\/\//.test(url)) {
    throw new SiteError(`${name}: a site is named by a URL that begins with postgres://`)
  }
  return { name, url }
}

/** Reads a file of sites, one a line; empty lines and those that begin with # count for nothing. */
export function parseSites(text: string): readonly Site[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map(parseSite)
}

/** What postgres_fdw calls the parts of a URL. */
export interface SiteOptions {
  readonly server: Readonly<Record<string, string>>
  readonly user: Readonly<Record<string, string>>
}

/** @throws SiteError when the URL cannot be read */
export function siteOptions({ name, url }: Site): SiteOptions {
  try {
    const client = new pg.Client({ connectionString: url })
    const { host, port, database = '', user = '', password } = client
    const sslmode = new URL(url).searchParams.get('sslmode')
    return {
      server: {
        ...{ host, port: String(port), dbname: database },
        ...(sslmode !== null && { sslmode }),
      },
      user: { user, ...(typeof password === 'string' && { password }) },
    }
  } catch {
    throw new SiteError(`${name}: the URL cannot be read`)
  }
}
