/** A site: a server with pipelines of its own, and the URL at which the reporting server reaches it. */

import pg from 'pg'

export interface Site {
  /** A part of every key, and the name of the foreign server. */
  readonly name: string
  readonly url: string
}

/** A site is written wrongly or does not answer. The message never has the URL with its password. */
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
    throw new SiteError(
      `"${name}" is no name of a site: expected small letters, digits and _, such as zurich_1`,
    )
  }
  if (!/^postgres(ql)?:\/\//.test(url)) {
    throw new SiteError(`${name}: the URL of a site begins with postgres://`)
  }
  return { name, url }
}

/** Reads a file of sites, one a line. Empty lines, and lines that begin with #, are skipped. */
export function parseSites(text: string): readonly Site[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map(parseSite)
}

/** The parts of a URL, as options of postgres_fdw. */
interface SiteOptions {
  readonly server: Readonly<Record<string, string>>
  readonly user: Readonly<Record<string, string>>
}

/** Splits the URL of a site. @throws SiteError when it cannot be read */
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
    throw new SiteError(
      `${name}: the URL cannot be read: write special letters of the password as %2F, %23 …`,
    )
  }
}
