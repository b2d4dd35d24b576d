/** The kernel's drop counters: of an invented /proc, and of real sockets. */

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { it } from 'node:test'
import { KernelDrops } from '../../../collector/receive/kernel-drops.ts'
import { until } from '../../helpers/until.ts'
import { makeUdpRow, UDP_HEADING } from '../udp-table.ts'

it('the drops of own sockets are added up, even across a wrap of the counter', async (context) => {
  const proc = await mkdtemp(join(tmpdir(), 'proc-'))
  context.after(() => rm(proc, { recursive: true, force: true }))
  await mkdir(join(proc, 'net'))
  await mkdir(join(proc, 'self', 'fd'), { recursive: true })
  await symlink('socket:[42]', join(proc, 'self', 'fd', '20'))
  await symlink('socket:[43]', join(proc, 'self', 'fd', '21'))
  await symlink('socket:[44]', join(proc, 'self', 'fd', '22'))
  const writeDrops = async (own: number, ownV6: number) => {
    const foreign = makeUdpRow('00000000:0807', 99, 5000)
    const otherPort = makeUdpRow('00000000:0035', 44, 6000)
    const rows = [UDP_HEADING, makeUdpRow('00000000:0807', 42, own), foreign, otherPort]
    await writeFile(join(proc, 'net', 'udp'), rows.join('\n'))
    const v6 = [UDP_HEADING, makeUdpRow(`${'0'.repeat(32)}:1283`, 43, ownV6)]
    await writeFile(join(proc, 'net', 'udp6'), v6.join('\n'))
  }
  const drops = new KernelDrops(proc)
  assert.equal(drops.total, null)
  await writeDrops(4_294_967_290, 0)
  drops.start([2055, 4739])
  assert.equal(drops.total, 4_294_967_290)
  await writeDrops(4, 3)
  drops.poll()
  assert.equal(drops.total, 4_294_967_290 + 10 + 3)
})

it('without the tables the drops are unknown', () => {
  const drops = new KernelDrops('/nonexistent')
  drops.start([2055])
  drops.poll()
  assert.equal(drops.total, null)
})

it('the drops at a real socket are counted', {
  skip: process.platform === 'linux' ? false : 'only Linux has /proc/net/udp',
}, async (context) => {
  const socket = createSocket('udp6')
  context.after(() => socket.close())
  socket.bind(0, '::')
  await once(socket, 'listening')
  const { port } = socket.address()
  socket.setRecvBufferSize(4096)
  const drops = new KernelDrops()
  drops.start([port])
  assert.equal(drops.total, 0)
  // Another process sends while the event loop of this one stands still.
  const program = `
    const socket = require('node:dgram').createSocket('udp4')
    let left = 200
    for (let i = 0; i < 200; i += 1) {
      socket.send(Buffer.alloc(1000), ${port}, '127.0.0.1', () => { if (--left === 0) socket.close() })
    }`
  execFileSync(process.execPath, ['-e', program])
  let received = 0
  socket.on('message', () => {
    received += 1
  })
  await until('every datagram is received or counted as dropped', () => {
    drops.poll()
    return received + (drops.total ?? 0) === 200
  })
  assert.ok((drops.total ?? 0) > 0)
})
