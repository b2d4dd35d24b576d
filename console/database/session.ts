/** The settings of every session of the console: values as text, times in UTC. */

/** SQLSTATEs of a cancelled query, and of a missing right. */
export const CANCELLED = '57014'
export const FORBIDDEN = '42501'

/** Every value stays the text that PostgreSQL writes: nothing is rounded. */
export const TEXTS = { getTypeParser: () => (value: string) => value }

/** Times are in UTC, in the format that `formatStamp` reads. */
export const SESSION_SETTINGS = `
  set timezone = 'UTC';
  set datestyle = 'ISO';
  set client_encoding = 'UTF8';
  set client_min_messages = warning`
