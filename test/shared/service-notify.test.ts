import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { openLibrary } from '../../shared/libc.ts'
import { notifyServiceManager } from '../../shared/service-notify.ts'

const AF_UNIX = 1
const SOCK_DGRAM_NON_BLOCKING = 2 | 0o4000

type Call = (...values: readonly (number | Buffer)[]) => number

/** A Unix datagram socket, as systemd has one. */
class ManagerSocket {
  readonly #fd: number
  readonly #recv: Call

  constructor(address: string) {
    const opened = openLibrary()
    assert.ok(opened)
    const { library } = opened
    const socket = library.func('int socket(int family, int type, int protocol)') as Call
    const bind = library.func('int bind(int fd, void *address, unsigned int length)') as Call
    this.#recv = library.func('intptr_t recv(int fd, void *data, size_t size, int flags)') as Call
    this.#fd = socket(AF_UNIX, SOCK_DGRAM_NON_BLOCKING, 0)
    const bytes = Buffer.concat([Buffer.from([AF_UNIX, 0]), Buffer.from(address)])
    assert.equal(bind(this.#fd, bytes, bytes.length), 0)
  }

  /** Returns the next message; undefined when there is none. */
  read(): string | undefined {
    const data = Buffer.alloc(100)
    const length = this.#recv(this.#fd, data, data.length, 0)
    return length < 0 ? undefined : data.toString('utf8', 0, length)
  }
}

const skip = openLibrary() ? false : 'no C library by koffi on this system'

describe('a message to systemd', { skip }, () => {
  let folder: string
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'netflow-notify-'))
  })
  after(() => rmSync(folder, { recursive: true }))

  it('arrives at a socket of a path', () => {
    const path = join(folder, 'notify')
    const manager = new ManagerSocket(path)
    assert.equal(notifyServiceManager('READY=1', path), true)
    assert.equal(notifyServiceManager('STOPPING=1', path), true)
    assert.equal(manager.read(), 'READY=1')
    assert.equal(manager.read(), 'STOPPING=1')
    assert.equal(manager.read(), undefined)
  })

  it('arrives at a socket of the abstract namespace', () => {
    const name = `netflow-notify-${process.pid}`
    const manager = new ManagerSocket(`\0${name}`)
    assert.equal(notifyServiceManager('READY=1', `@${name}`), true)
    assert.equal(manager.read(), 'READY=1')
  })

  it('is not sent when nobody asks, or nobody listens', () => {
    assert.equal(notifyServiceManager('READY=1', ''), false)
    assert.equal(notifyServiceManager('READY=1', join(folder, 'nobody')), false)
  })
})
