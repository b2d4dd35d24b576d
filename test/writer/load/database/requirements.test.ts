import assert from 'node:assert/strict'
import { createServer, type Server, type Socket } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { migrateDatabase } from '../../../../writer/load/schema/migrate.ts'
import { createTestDatabase } from '../../../helpers/database.ts'
import { recordingLogger } from '../loader-harness.ts'

const PID = 4711
const SSL_REQUEST = 80_877_103
const TEXT = 25
const INTEGER = 23

/** Answers of a server of another version, by a part of the question. */
const ANSWERS: readonly (readonly [question: string, row: readonly Field[]])[] = [
  ['pg_backend_pid', [['pid', INTEGER, String(PID)]]],
  [
    'server_version',
    [
      ['version', TEXT, '14.19 (Debian 14.19-1)'],
      ['versionNumber', INTEGER, '140019'],
      ['encoding', TEXT, 'UTF8'],
      ['searchPath', TEXT, 'public'],
      ['role', TEXT, 'netflow'],
      ['schema', TEXT, 'public'],
    ],
  ],
]

type Field = readonly [name: string, type: number, value: string]

describe('a database', () => {
  let server: Server
  let port: number
  before(async () => {
    server = createServer(serve)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    port = (server.address() as { port: number }).port
  })
  after(() => server.close())

  it('of an old PostgreSQL is refused with its version and the oldest that works', async () => {
    await assert.rejects(
      migrateDatabase(`postgres://netflow@127.0.0.1:${port}/netflow`, recordingLogger([])),
      /netflow at 127.0.0.1:\d+\) is PostgreSQL 14.19 .*, and 15 is the oldest that works: upgrade/,
    )
  })

  it('whose search_path names no schema is refused with the statements that help', async () => {
    const { url, drop } = await createTestDatabase({ migrate: false })
    const nowhere = `${url}?options=${encodeURIComponent('-c search_path=nowhere')}`
    await assert.rejects(
      migrateDatabase(nowhere, recordingLogger([])),
      /no schema of search_path \(nowhere\) exists.*"create schema NAME authorization \w+".*set search_path = NAME/,
    )
    await drop()
  })
})

/**
 * Speaks as much of the protocol as a start needs.
 *
 *     request  = length:u32 code:u32 …                     SSLRequest or StartupMessage
 *     question = 'Q' length:u32 text NUL
 *     answer   = type:u8 length:u32 body
 *                          (PostgreSQL: "Message Formats")
 */
function serve(socket: Socket): void {
  socket.on('error', () => {})
  socket.on('data', (bytes: Buffer) => {
    if (bytes[0] === 0) {
      if (bytes.readUInt32BE(4) === SSL_REQUEST) socket.write('N')
      else
        socket.write(Buffer.concat([message('R', u32(0)), message('K', u32(PID), u32(1)), READY]))
    } else if (bytes.toString('latin1', 0, 1) === 'Q') {
      socket.write(answer(bytes.toString('utf8', 5, bytes.length - 1)))
    }
  })
}

function answer(question: string): Buffer {
  const [, row] = ANSWERS.find(([part]) => question.includes(part)) ?? []
  if (row === undefined) return Buffer.concat([message('C', text('SET')), READY])
  const columns = row.map(([name, type]) =>
    Buffer.concat([text(name), u32(0), u16(0), u32(type), u16(0xffff), u32(0xffffffff), u16(0)]),
  )
  const values = row.map(([, , value]) =>
    Buffer.concat([u32(Buffer.byteLength(value)), Buffer.from(value)]),
  )
  return Buffer.concat([
    message('T', u16(row.length), ...columns),
    message('D', u16(row.length), ...values),
    message('C', text('SELECT 1')),
    READY,
  ])
}

function message(type: string, ...parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts)
  return Buffer.concat([Buffer.from(type), u32(body.length + 4), body])
}

function text(value: string): Buffer {
  return Buffer.from(`${value}\0`)
}

function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeUInt16BE(value)
  return bytes
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

const READY = message('Z', Buffer.from('I'))
