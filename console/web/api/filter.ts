/** `/api/filter`: checks a filter. */

import { z } from 'zod'
import { parseFilter } from '../../query/filter/filter.ts'
import { FilterError } from '../../query/filter/filter-error.ts'
import { defineQuestion } from './question.ts'

const query = z.strictObject({
  text: z.string().max(16_384).default('').describe('the filter'),
})

const reply = z.object({
  ok: z.boolean(),
  tree: z.unknown().describe('the tests of the filter, joined by and, or, not; null: not ok'),
  error: z
    .object({ message: z.string(), position: z.number().int() })
    .nullable()
    .describe('the fault, and its offset in the text'),
})

export type FilterReply = z.infer<typeof reply>

export const filter = defineQuestion({
  path: '/api/filter',
  summary: 'Whether a text is a filter, and where it is wrong',
  query,
  reply,
  answer: async ({ text }): Promise<FilterReply> => {
    try {
      return { ok: true, tree: parseFilter(text), error: null }
    } catch (error) {
      if (!(error instanceof FilterError)) throw error
      const { message, position } = error
      return { ok: false, tree: null, error: { message, position } }
    }
  },
})
