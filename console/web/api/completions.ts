/** `/api/completions`: words and values that complete a filter. */

import { z } from 'zod'
import { FILTER_WORDS } from '../../query/filter/filter-words.ts'
import { PROTOCOL_NAMES } from '../../query/filter/protocols.ts'
import { KEYS } from '../../query/keys.ts'
import type { Ask } from '../../query/sql.ts'
import { defineQuestion } from './question.ts'
import * as value from './values.ts'

const FIELDS = [
  'word',
  'by',
  'exporter',
  'if',
  'proto',
  'flowdir',
  'extra',
  'port',
  'application',
] as const

const MAX_COMPLETIONS = 50

const query = z.strictObject({
  field: z
    .enum(FIELDS, `expected ${FIELDS.join(', ')}`)
    .default('word')
    .describe('what to complete: a word of the language, a key of by, or the value of a test'),
  prefix: z.string().max(256).default('').describe('how the word begins, in upper or lower case'),
})

const reply = z.object({
  field: z.enum(FIELDS),
  rows: z
    .array(z.object({ text: z.string(), meaning: z.string() }))
    .describe('text can be put into a filter as it is: it is quoted where necessary'),
})

export type CompletionsReply = z.infer<typeof reply>
type Completion = CompletionsReply['rows'][number]

export const completions = defineQuestion({
  path: '/api/completions',
  summary: 'Completions of a word of a filter',
  query,
  reply,
  answer: async ({ field, prefix }, ask): Promise<CompletionsReply> => {
    const begin = prefix.replace(/^["']/, '').toLowerCase()
    const all = await list(field, ask, begin)
    const isMatch = ({ text }: Completion) =>
      text.replace(/^["']/, '').toLowerCase().startsWith(begin)
    return { field, rows: all.filter(isMatch).slice(0, MAX_COMPLETIONS) }
  },
})

function list(
  field: (typeof FIELDS)[number],
  ask: Ask,
  begin: string,
): Promise<Completion[]> | Completion[] {
  switch (field) {
    case 'word':
      return Object.entries(FILTER_WORDS).map(([text, meaning]) => ({ text, meaning }))
    case 'by':
      return Object.entries(KEYS).map(([text, meaning]) => ({ text, meaning }))
    case 'proto':
      return [...PROTOCOL_NAMES].map(([text, number]) => ({ text, meaning: `protocol ${number}` }))
    case 'flowdir':
      return ['ingress', 'egress'].map((text) => ({ text, meaning: 'direction' }))
    default:
      return askValues(field, ask, begin)
  }
}

/** Statements for the text and meaning of each value. `$1` is a pattern for `like`. */
const VALUES = {
  exporter: `
    select coalesce(name, host(address)) as text,
      case when name is null then 'exporter' else host(address) end as meaning
    from exporters
    where lower(name) like $1 or name is null and host(address) like $1 order by 1`,
  if: `
    select name as text, min('interface ' || key || ' of ' || host(exporter)) as meaning from names
    where kind = 'interface' and lower(name) like $1 group by name order by 1`,
  application: `
    select name as text, min('application ' || key) as meaning from names
    where kind = 'application' and lower(name) like $1 group by name order by 1`,
  port: `
    select port::text as text, service_name(6::smallint, port) as meaning
    from generate_series(0, 65535) as port
    where port::text like $1 and service_name(6::smallint, port) is not null order by port`,
  extra: `
    select element as text, 'element of extra' as meaning
    from (select extra from flows where received_at >= now() - interval '1 hour' and extra is not null limit 5000) as sample
    cross join lateral jsonb_object_keys(extra) as element
    where lower(element) like $1 group by element order by element`,
} as const

async function askValues(
  field: keyof typeof VALUES,
  ask: Ask,
  begin: string,
): Promise<Completion[]> {
  const pattern = `${begin.replace(/[\\%_]/g, '\\$&')}%`
  const text = `${VALUES[field]} limit ${MAX_COMPLETIONS}`
  const rows = await ask({ text, values: [pattern] })
  return rows.map((row) => ({
    text: quoteWord(value.text(row, 'text')),
    meaning: value.text(row, 'meaning'),
  }))
}

/** Quotes a name with blanks or signs. A name with both kinds of quotes loses its apostrophes. */
function quoteWord(word: string): string {
  if (/^[\w.:-]+$/.test(word)) return word
  return word.includes('"') ? `'${word.replaceAll("'", '')}'` : `"${word}"`
}
