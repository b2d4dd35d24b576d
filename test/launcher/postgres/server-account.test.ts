import assert from 'node:assert/strict'
import { chmod, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { ClusterTemplate } from '../../helpers/cluster-template.ts'
import { AT_ONCE, ask, makeBench } from './server-bench.ts'

describe('the embedded server of root', {
  ...AT_ONCE,
  skip: process.getuid?.() !== 0 && 'not root',
}, () => {
  let template: ClusterTemplate
  before(async () => {
    template = await ClusterTemplate.create()
  })
  after(() => template.remove())

  it('leaves all files to root, in private folders', async (context) => {
    const { folder, makeServer } = await makeBench(context)
    const server = makeServer()
    await server.start()
    const { uid } = await stat(join(folder, 'data/postgres'))
    if (uid !== 0) return context.skip('user namespaces are forbidden here')
    assert.equal((await stat(folder)).mode & 0o777, 0o700)
    assert.equal((await stat(join(folder, 'data/postgres/base'))).uid, 0)
    assert.equal(await ask(server, 'select 1'), 1)
  })

  it('runs as nobody where user namespaces are forbidden', async (context) => {
    const { folder, makeServer } = await makeBench(context)
    await chmod(folder, 0o711)
    const server = makeServer({ userNamespaces: false })
    await server.start()
    const { uid } = await stat(join(folder, 'data/postgres'))
    assert.notEqual(uid, 0)
    assert.equal((await stat(`/proc/${server.pid}`)).uid, uid)
    await ask(server, 'create table kept as select 1')
    await server.stop()
    // The owner of the files stays, wherever the server is started next.
    const second = makeServer()
    await second.start()
    assert.equal(await ask(second, 'select count(*)::int from kept'), 1)
    assert.equal((await stat(`/proc/${second.pid}`)).uid, uid)
  })

  it('gives the files to nobody once user namespaces are forbidden', async (context) => {
    const { folder, makeServer } = await makeBench(context, template)
    await chmod(folder, 0o711)
    const first = makeServer()
    await first.start()
    await ask(first, 'create table kept as select 1')
    await first.stop()
    const second = makeServer({ userNamespaces: false })
    await second.start()
    assert.equal(await ask(second, 'select count(*)::int from kept'), 1)
  })

  it('names the folder that nobody cannot enter', async (context) => {
    const { folder, makeServer } = await makeBench(context)
    const server = makeServer({ userNamespaces: false })
    await assert.rejects(server.start(), new RegExp(`cannot enter ${folder}\\b.*chmod o\\+x`))
  })
})
