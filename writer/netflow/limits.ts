/** Every limit that keeps a hostile sender from costing memory or time, with its reason. */

/** The largest UDP payload over IPv4. */
export const MAX_MESSAGE_BYTES = 65_507

/** Real templates have at most a few hundred fields; a message could define one of 16,000. */
export const MAX_FIELDS_PER_TEMPLATE = 1_024

/** What no message has room for, behind its header and that of the set, is no record. */
export const MAX_RECORD_BYTES = MAX_MESSAGE_BYTES - 16 - 4

/** The busiest exporters define a few dozen per domain. The least recently refreshed one goes. */
export const MAX_TEMPLATES_PER_STREAM = 1_024

/** What they may have in all: a field costs some 100 bytes once it is in use. */
export const MAX_FIELDS_PER_STREAM = 32_768

/** 64 KiB full of real records (20 bytes and more) stay below it; one-byte records do not. */
export const MAX_RECORDS_PER_MESSAGE = 8_192

/** Source ids and observation domains per exporter: line cards times virtual routers. */
export const MAX_STREAMS_PER_EXPORTER = 1_024

/** Undecodable sets wait for their template: ten minutes cover the usual refresh. */
export const HELD_SET_MAX_AGE_MICROS = 600 * 1_000_000
export const MAX_HELD_BYTES_PER_EXPORTER = 5 * 1024 * 1024
export const MAX_HELD_BYTES = 64 * 1024 * 1024

/** What one message may release: all that its exporter can hold of records of 20 bytes and more. */
export const MAX_RELEASED_RECORDS = MAX_HELD_BYTES_PER_EXPORTER / 20

/** Samplers, interface and application names per stream; a full NBAR table has about 1,500. */
export const MAX_NAMES_PER_STREAM = 10_000

/**
 * What all streams may remember together, about 8 KB a template of 25 fields that is in use and 300
 * bytes a name: 30,000 templates and 200,000 names. Beyond it a stream displaces only its own.
 */
export const MAX_TEMPLATE_BYTES = 256 * 1024 * 1024
export const MAX_NAMED_BYTES = 64 * 1024 * 1024

/** Bytes of such a name that are kept. */
export const MAX_NAME_BYTES = 255

/** Lists in lists deeper than this are shown as hex: nobody nests them more than twice. */
export const MAX_LIST_DEPTH = 4

/** A hostile message could have thousands of problems; more than this many are only counted. */
export const MAX_REPORTED_PROBLEMS = 8

/** A sampling rate above this is a misread field, not a rate. */
export const MAX_SAMPLING_RATE = 2 ** 24

/**
 * Flows whose running totals are remembered: of all streams, of one stream, and what each stream may
 * have in any case. One costs some 400 bytes, and a row in the database. The most silent one goes.
 */
export const MAX_FLOW_TOTALS = 131_072
export const MAX_FLOW_TOTALS_PER_STREAM = 65_536
export const MIN_FLOW_TOTALS = 16
