/** Every limit that keeps a hostile sender from costing memory or time, with its reason. */

/** The largest UDP payload over IPv4. */
export const MAX_MESSAGE_BYTES = 65_507

/** Real templates have at most a few hundred fields; a message could define one with 16,000. */
export const MAX_FIELDS_PER_TEMPLATE = 1_024

/** The largest record that a message has room for, after its header and that of the set. */
export const MAX_RECORD_BYTES = MAX_MESSAGE_BYTES - 16 - 4

/**
 * The busiest exporters define a few dozen per domain. At the limit the least recently refreshed
 * template is forgotten.
 */
export const MAX_TEMPLATES_PER_STREAM = 1_024

/**
 * Source ports of a stream that are remembered, and that may have templates of their own: exporters
 * behind one address, or ports of one exporter. Anybody can send from 65,535 ports.
 */
export const MAX_PORTS_PER_STREAM = 32

/** Fields of all templates of a stream: a field in use costs about 100 bytes. */
export const MAX_FIELDS_PER_STREAM = 32_768

/** 64 KiB of real records (20 bytes or more) stay below this limit; one-byte records do not. */
export const MAX_RECORDS_PER_MESSAGE = 8_192

/** Source ids and observation domains per exporter: line cards times virtual routers. */
export const MAX_STREAMS_PER_EXPORTER = 1_024

/** How long a set waits for its template: ten minutes cover the usual refresh. */
export const HELD_SET_MAX_AGE_MICROS = 600 * 1_000_000
export const MAX_HELD_BYTES_PER_EXPORTER = 5 * 1024 * 1024
export const MAX_HELD_BYTES = 64 * 1024 * 1024

/**
 * Records that one message may release: all that an exporter can hold if each has 20 bytes or more.
 */
export const MAX_RELEASED_RECORDS = MAX_HELD_BYTES_PER_EXPORTER / 20

/** Samplers, interface and application names per stream; a full NBAR table has about 1,500. */
export const MAX_NAMES_PER_STREAM = 10_000

/**
 * Memory of all streams together: room for 30,000 templates in use (about 8 KB each with 25 fields)
 * and 200,000 names (300 bytes each). Beyond it a stream displaces only its own entries.
 */
export const MAX_TEMPLATE_BYTES = 256 * 1024 * 1024
export const MAX_NAMED_BYTES = 64 * 1024 * 1024

/** Kept bytes of a name; the rest is cut off. */
export const MAX_NAME_BYTES = 255

/** Deeper lists in lists are written as hex: no exporter nests more than two. */
export const MAX_LIST_DEPTH = 4

/** A hostile message could have thousands of problems; further ones are only counted. */
export const MAX_REPORTED_PROBLEMS = 8

/** A sampling rate above this is a misread field, not a rate. */
export const MAX_SAMPLING_RATE = 2 ** 24

/**
 * Flows with remembered running totals: of all streams, of one stream, and guaranteed to each
 * stream. A flow costs about 400 bytes and a row in the database. At a limit the flow that was
 * silent for longest is forgotten.
 */
export const MAX_FLOW_TOTALS = 131_072
export const MAX_FLOW_TOTALS_PER_STREAM = 65_536
export const MIN_FLOW_TOTALS = 16
