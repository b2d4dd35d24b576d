/**
 * The example of the decoder's README as a program of its own: it is type-checked and run in a folder
 * where the package is installed as a link.
 */

import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { codeBlocks, REPOSITORY, readDocument, sectionOf } from '../../helpers/markdown.ts'
import { oneRecordMessage } from '../../helpers/netflow-bytes.ts'
import { until } from '../../helpers/until.ts'

const TSC = join(REPOSITORY, 'node_modules', 'typescript', 'bin', 'tsc')
const PACKAGE = 'netflow-to-postgresql'

function readExample(): string {
  const section = sectionOf(readDocument('writer/netflow/README.md'), 'Use the decoder alone')
  const [example] = codeBlocks(section, 'ts')
  assert.ok(example !== undefined, 'the section has an example')
  return example
}

describe('the example of the decoder’s README', () => {
  let folder = ''

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'netflow-library-'))
    await mkdir(join(folder, 'node_modules'))
    await symlink(REPOSITORY, join(folder, 'node_modules', PACKAGE))
    await symlink(
      join(REPOSITORY, 'node_modules', '@types'),
      join(folder, 'node_modules', '@types'),
    )
    await writeFile(join(folder, 'example.mts'), readExample())
  })

  after(() => rm(folder, { recursive: true, force: true }))

  it('passes a strict type check, and prints the flows that it receives', async () => {
    const strict = [
      '--strict',
      '--skipLibCheck',
      'false',
      '--module',
      'nodenext',
      '--types',
      'node',
    ]
    const compile = [TSC, ...strict, '--target', 'es2023', 'example.mts']
    await promisify(execFile)(process.execPath, compile, { cwd: folder }).catch((error) => {
      assert.fail(`the example does not compile: ${error.stdout}`)
    })
    const child = spawn(process.execPath, ['example.mjs', '0'], { cwd: folder })
    const exit = once(child, 'exit')
    let output = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (text) => {
        output += text
      })
    }
    const socket = createSocket('udp4')
    try {
      const port = await until('listening', () => {
        assert.equal(child.exitCode, null, output)
        return Number(/UDP port (\d+)\n/.exec(output)?.[1]) || undefined
      })
      const flow = [
        [8, 'c0000201'],
        [12, 'c6336402'],
        [1, '00000400'],
        [95, '0d0001bb'],
      ] as const
      await until('a flow', () => {
        // UDP may lose a datagram even on the loopback.
        socket.send(oneRecordMessage(flow), port, '127.0.0.1')
        socket.send('garbage', port, '127.0.0.1')
        return /bytes/.test(output) && /127\.0\.0\.1: unsupported-version/.test(output)
      })
      assert.match(
        output,
        /192\.0\.2\.1 -> 198\.51\.100\.2: 1024 bytes \{ applicationId: '0d0001bb' \}/,
      )
    } finally {
      socket.close()
      child.kill()
      await exit
    }
  })
})
