/** Spells out how pg reads `sslmode` (OPERATING.md has the table), and advises when TLS fails. */

/** Modes that pg reads as `verify-full`, with a warning of many lines. */
const READ_AS_VERIFY_FULL = /([?&]sslmode=)(?:prefer|require|verify-ca)(?=&|$)/

/**
 * Writes `verify-full` where pg would read it from another word: so the check stays as it is when pg
 * reads these words differently one day, and pg does not warn.
 */
export function spellOutVerification(databaseUrl: string): string {
  if (/[?&]uselibpqcompat=true(&|$)/.test(databaseUrl)) return databaseUrl
  return databaseUrl.replace(READ_AS_VERIFY_FULL, '$1verify-full')
}

const OWN_AUTHORITY =
  'set sslrootcert=/path/to/ca.crt in DATABASE_URL to the certificate of the authority that signs ' +
  'the server’s; sslmode=no-verify encrypts without any check'

/** The failures of TLS: by the code of OpenSSL or Node, or by the text of pg or of the server. */
const REMEDIES: readonly (readonly [RegExp, string])[] = [
  [/^(DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_\w+)$/, OWN_AUTHORITY],
  [
    /^ERR_TLS_CERT_ALTNAME_INVALID$/,
    'connect by a name that the server’s certificate has; sslmode=verify-ca&uselibpqcompat=true ' +
      'with sslrootcert checks the authority only',
  ],
  [/^CERT_HAS_EXPIRED$/, 'renew the server’s certificate, or check the clock of this host'],
  [/not support SSL/i, 'turn on ssl in the server, or set sslmode=disable in DATABASE_URL'],
  [/no encryption|SSL off/, 'set sslmode=verify-full in DATABASE_URL, or change pg_hba.conf'],
]

/** Returns what to do about a failure of TLS; undefined: it is another failure. */
export function adviseOnTls(code: string, message: string): string | undefined {
  return REMEDIES.find(([pattern]) => pattern.test(code) || pattern.test(message))?.[1]
}
