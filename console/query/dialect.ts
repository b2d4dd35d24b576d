/**
 * The places where questions differ between PostgreSQL and an archive of Parquet files. The rest of
 * their SQL is the same.
 */

import { compileFilter } from './compile-filter.ts'
import type { Filter } from './filter/filter-tree.ts'
import { CONVERSATIONS, FLOW_DETAILS, FLOWS } from './relations.ts'
import type { Ask, Parameters } from './sql.ts'
import { planSums, type Sums, type SumsQuestion } from './sums.ts'

/** The relations that questions read. */
export type RelationName = 'flows' | 'flow_details' | 'conversations'

/** Edges are whole numbers, in order. */
interface Histogram {
  readonly dividend: string
  /** Missing: 1. */
  readonly divisor?: string
  readonly edges: readonly number[]
}

/** Every method returns a text of SQL. */
export interface Dialect {
  /** Whether the functions `top_talkers` and `traffic` answer questions without a filter. */
  readonly hasFunctions: boolean
  compile(filter: Filter, relation: RelationName, parameters: Parameters): string
  /** An expression whose texts sort like the type of the column in PostgreSQL. */
  sortable(column: string): string
  /** A column `duration` as seconds with six digits after the point. */
  seconds(duration: string): string
  /** A counter multiplied by the sampling rate. */
  scaled(column: string): string
  /** The time between two columns, and its mean in seconds with three digits. */
  between(start: string, end: string): string
  mean(time: string): string
  /** The number of edges that are smaller than the ratio. */
  bin(histogram: Histogram, parameters: Parameters): string
  /** A ratio with six digits. */
  share(part: string, whole: string): string
  planSums(ask: Ask, question: SumsQuestion, parameters: Parameters): Promise<Sums>
}

const RELATIONS = { flows: FLOWS, flow_details: FLOW_DETAILS, conversations: CONVERSATIONS }

export const POSTGRES: Dialect = {
  hasFunctions: true,
  compile: (filter, relation, parameters) => compileFilter(filter, RELATIONS[relation], parameters),
  sortable: (column) => column,
  seconds: (duration) => `extract(epoch from ${duration})`,
  scaled: (column) => `${column}::numeric * coalesce(sampling_rate, 1)`,
  between: (start, end) => `extract(epoch from ${end} - ${start})`,
  mean: (time) => `round(avg(${time}), 3)`,
  bin({ dividend, divisor, edges }, parameters) {
    const ratio = `${dividend}::numeric${divisor === undefined ? '' : ` / nullif(${divisor}, 0)`}`
    // A value at an edge belongs to the bin that ends there.
    return `width_bucket(ceil(${ratio}) - 0.5, ${parameters.add(edges)}::numeric[])`
  },
  share: (part, whole) => `round(${part} / nullif(${whole}, 0), 6)`,
  planSums,
}
