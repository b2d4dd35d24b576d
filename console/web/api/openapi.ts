/** Describes the API by OpenAPI 3.1, from the schemas that check requests. */

import { z } from 'zod'
import { API_ERRORS } from './api-error.ts'
import type { Question } from './question.ts'

type Json = Readonly<Record<string, unknown>>

const errorReply = z.object({
  error: z.enum(Object.keys(API_ERRORS)),
  message: z.string().describe('one sentence: the cause, and what helps'),
  where: z
    .object({ parameter: z.string(), position: z.number().int().optional() })
    .optional()
    .describe('the parameter, and the offset in its text'),
})

const MEANINGS: Readonly<Record<number, string>> = {
  400: 'a parameter or the filter is wrong; where names it',
  401: 'the password is missing or wrong',
  403: 'the page of another site has sent this request',
  404: 'nothing is known by this name',
  421: 'the name of this server is not in WEB_HOSTS',
  429: 'too many wrong passwords; see Retry-After',
  503: 'the database is away, or too many questions are being answered; see Retry-After',
  504: 'the answer takes longer than WEB_TIMEOUT_MS',
}

/** Statuses of errors that every question may have. */
export const ERROR_STATUSES = Object.keys(MEANINGS).map(Number)

/** Returns the OpenAPI document of questions. */
export function describeApi(questions: readonly Question[], version: string): Json {
  return {
    openapi: '3.1.0',
    info: {
      title: 'NetFlow',
      version,
      description:
        'Answers from the flows in the database. Counters are decimal texts, because they may exceed ' +
        '2^53. A range includes its begin and excludes its end.',
    },
    paths: Object.fromEntries(
      questions.map((question) => [
        question.path.replace(/:(\w+)/g, '{$1}'),
        { get: describeQuestion(question) },
      ]),
    ),
    components: {
      schemas: { Error: schemaOf(errorReply) },
      securitySchemes: {
        basic: { type: 'http', scheme: 'basic' },
        bearer: { type: 'http', scheme: 'bearer' },
      },
    },
    security: [{}, { basic: [] }, { bearer: [] }],
  }
}

function describeQuestion({ path, summary, query, reply, table }: Question): Json {
  const errors = Object.entries(MEANINGS).map(([status, description]) => {
    const schema = { $ref: '#/components/schemas/Error' }
    return [status, { description, content: { 'application/json': { schema } } }]
  })
  const parameters = Object.entries(query.shape).map(([name, schema]) =>
    describeParameter(name, schema as z.ZodType, path.includes(`:${name}`)),
  )
  if (table) {
    const schema = { type: 'string', enum: ['json', 'csv', 'jsonl'], default: 'json' }
    const description = 'format of the reply; default: by the header Accept'
    parameters.push({ name: 'format', in: 'query', required: false, description, schema })
  }
  return {
    operationId: path.replace(/^\/api\//, '').replace(/\W+/g, '_'),
    summary,
    parameters,
    responses: {
      200: {
        description: 'the answer',
        content: {
          'application/json': { schema: schemaOf(reply) },
          ...(table && { 'text/csv': {}, 'application/x-ndjson': {} }),
        },
      },
      ...Object.fromEntries(errors),
    },
  }
}

function describeParameter(name: string, schema: z.ZodType, isInPath: boolean): Json {
  const { description, ...described } = schemaOf(schema)
  return {
    name,
    in: isInPath ? 'path' : 'query',
    required: !schema.safeParse(undefined).success,
    ...(description !== undefined && { description }),
    schema: described,
  }
}

function schemaOf(schema: z.ZodType): Json {
  const { $schema: _, ...described } = z.toJSONSchema(schema, { unrepresentable: 'any' })
  return described
}
