/** The process's own sockets: tables of the kernel as text, and real sockets. */

import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { it } from 'node:test'
import { findUdpDescriptor, parseUdpTable } from '../../../collector/receive/own-sockets.ts'
import { makeUdpRow, UDP_HEADING } from '../udp-table.ts'

it('port, inode and drops of each socket are read from a table', () => {
  const v6 = `${'0'.repeat(32)}:1283`
  const table = `${UDP_HEADING}\n${makeUdpRow('0100007F:0807', 42, 7)}  \n${makeUdpRow(v6, 43, 4294967295)}\n`
  assert.deepEqual(parseUdpTable(table), [
    { port: 2055, inode: '42', drops: 7 },
    { port: 4739, inode: '43', drops: 4_294_967_295 },
  ])
})

it('lines of another form are skipped', () => {
  assert.deepEqual(parseUdpTable(''), [])
  assert.deepEqual(parseUdpTable(`${UDP_HEADING}\n 1: 0100007F:0807 short\n\n`), [])
})

it('the descriptor of an own socket is found by its port', async (context) => {
  const proc = await mkdtemp(join(tmpdir(), 'proc-'))
  context.after(() => rm(proc, { recursive: true, force: true }))
  await mkdir(join(proc, 'net'))
  await mkdir(join(proc, 'self', 'fd'), { recursive: true })
  await symlink('/dev/null', join(proc, 'self', 'fd', '0'))
  await symlink('socket:[42]', join(proc, 'self', 'fd', '20'))
  await symlink('socket:[43]', join(proc, 'self', 'fd', '21'))
  const foreign = makeUdpRow('00000000:0807', 99, 0)
  const rows = [UDP_HEADING, foreign, makeUdpRow('0100007F:0807', 42, 0)]
  await writeFile(join(proc, 'net', 'udp'), rows.join('\n'))
  assert.equal(findUdpDescriptor(2055, proc), 20)
  assert.equal(findUdpDescriptor(2056, proc), undefined)
  const second = makeUdpRow(`${'0'.repeat(32)}:0807`, 43, 0)
  await writeFile(join(proc, 'net', 'udp6'), [UDP_HEADING, second].join('\n'))
  assert.equal(findUdpDescriptor(2055, proc), undefined, 'it may be either of two')
})

it('real sockets are found while they are open', {
  skip: process.platform === 'linux' ? false : 'only Linux has /proc/net/udp',
}, async () => {
  const socket = createSocket('udp4')
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  const { port } = socket.address()
  assert.notEqual(findUdpDescriptor(port), undefined)
  socket.close()
  await once(socket, 'close')
  assert.equal(findUdpDescriptor(port), undefined)
})

it('without /proc nothing is found', () => {
  assert.equal(findUdpDescriptor(2055, '/nonexistent'), undefined)
})
