/** Log texts about bad datagrams. */

/** Rejected and refused datagrams, by reason. */
export const REJECT_TEXT: Readonly<Record<string, string>> = {
  'too-short': 'rejected a datagram: too short for a message',
  'unsupported-version': 'rejected a datagram: no NetFlow version that this writer supports',
  'malformed-message': 'rejected a datagram: a malformed IPFIX message',
  'unsupported-aggregation': 'rejected a datagram: no aggregation scheme of NetFlow v8',
  'count-exceeds-length':
    'rejected a datagram: its header claims more records than it has room for',
  'invalid-address': 'rejected a datagram: its line names no valid exporter address',
  'not-allowed': 'refused a datagram: the exporter is not in EXPORTER_ALLOW',
  'over-budget':
    'refused a datagram: its exporter begins too many observation domains, or sends too many empty ' +
    'messages a second; is its address spoofed?',
  'too-many': 'refused a datagram: MAX_EXPORTERS is reached, no new exporter is registered',
}

/** Problems inside a message, by code. */
export const PROBLEM_TEXT: Readonly<Record<string, string>> = {
  'over-budget':
    'skipped a set: its exporter sends too many new templates, sets without a template, or tiny records ' +
    'a second; is its address spoofed?',
  'no-room-for-template':
    'ignored a template: those of all exporters together take too much memory; are they spoofed?',
  'no-template': 'held a data set until its template comes',
  'set-overruns-message': 'a set claims to be longer than its message',
  'set-too-short': 'a set claims to be shorter than its header; the rest of the message is skipped',
  'record-overruns-set': 'a record reaches beyond its set; the rest of the set is skipped',
  'empty-template': 'ignored a template without fields',
  'zero-length-template': 'ignored a template whose records have no length',
  'template-overruns-set': 'ignored a template that reaches beyond its set',
  'reserved-template-id': 'ignored a template with a reserved id',
  'reserved-set-id': 'skipped a set with a reserved id',
  'too-many-fields': 'ignored a template with too many fields',
  'record-too-long': 'ignored a template whose records fit no message',
  'too-many-records': 'skipped the rest of a message with too many records',
  'options-template-without-scope': 'ignored an options template without a scope',
  'malformed-message': 'discarded a malformed IPFIX message',
  'template-withdrawal': 'ignored the withdrawal of a template, as it came over UDP',
  'options-template-without-options': 'an options template has no options',
  'counter-out-of-range': 'a counter is above 2⁶³; it is in extra, its column is NULL',
  'both-address-families': 'records have addresses of both families; IPv4 is taken, IPv6 in extra',
  'end-before-start': 'flows end a second or more before they start; the end is taken for both',
  'contradicting-templates':
    'an exporter keeps changing a template back and forth; if several exporters share its address and ' +
    'port, their flows may be misread: give each its own source id or address',
  'templates-split-by-port':
    'several exporters behind one address define a template differently; from now on each source ' +
    'port has templates of its own: better give each exporter its own source id or address',
  'swapped-sampling-rate':
    'sampling rates in records are far too large to be true, and small with their bytes swapped; ' +
    "if so: update exporters set sampling_byte_order = 'little' where address = …",
  'second-message':
    'a datagram holds a second message after the first; only the first is decoded: let the exporter ' +
    'send each message in a datagram of its own',
  'trailing-bytes': 'ignored bytes after the end of a message; trailing_bytes counts them',
  'nonzero-padding': 'the padding after the records of a set is not zero',
}

/** Findings about a stream's sequence, by kind. */
export const NOTICE_TEXT = {
  'unit-changed':
    'the exporter counts something else in its sequence than its version says; following it',
  'unit-unknown':
    "no known unit explains the exporter's sequence numbers: its loss is unknown (NULL), and the gaps " +
    'declared meanwhile are taken back; it is followed again as soon as a unit fits',
  'several-series':
    'an exporter sends several series of sequence numbers from one port; each is followed on its own',
  'several-exporters':
    'several exporters behind one address; their sequences are followed by source port',
} as const

/** By the kind of the lost bytes. */
export const LOST_BYTES_TEXT = {
  missing: 'bytes of the journal are missing: their datagrams are lost; reading goes on after them',
  corrupt:
    'bytes of the journal are damaged (checksum): their datagrams are lost; reading goes on with the next line',
} as const
