// Answers on Grafana's port: whether it is healthy, and what it finds with the provisioned data source.

import { execFile } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { promisify } from 'node:util'

const PROVISIONING = '/etc/grafana/provisioning'

/** Returns the value of a name in a provisioned file, with the variables of the environment. */
function read(file, name) {
  const text = readFileSync(`${PROVISIONING}/${file}`, 'utf8')
  const [, value = ''] = new RegExp(`^ *${name}: *(.*)$`, 'm').exec(text) ?? []
  return value.replace(/\$(\w+)/g, (_, variable) => process.env[variable] ?? '')
}

async function report() {
  const source = (name) => read('datasources/netflow.yml', name)
  const [host, port] = source('url').split(':')
  const environment = {
    PGHOST: host,
    PGPORT: port,
    PGUSER: source('user'),
    PGPASSWORD: source('password'),
    PGDATABASE: source('database'),
    PGSSLMODE: source('sslmode'),
  }
  const sql = 'select current_user, (select count(*) from flows)'
  const { stdout } = await promisify(execFile)('psql', ['-AtX', '-c', sql], {
    env: { ...process.env, ...environment },
  })
  const [user, flows] = stdout.trim().split('|')
  const dashboards = read('dashboards/netflow.yml', 'path')
  return {
    user,
    flows: Number(flows),
    dashboards: readdirSync(dashboards).filter((name) => name.endsWith('.json')),
    home: existsSync(process.env.GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH ?? ''),
    canWrite: canWrite(`${dashboards}/written.json`),
  }
}

function canWrite(path) {
  try {
    writeFileSync(path, '')
    return true
  } catch {
    return false
  }
}

// Grafana keeps its own database there.
writeFileSync('/var/lib/grafana/grafana.db', '')
createServer((request, response) => {
  const answer = request.url === '/report' ? report() : Promise.resolve({ database: 'ok' })
  answer.then(
    (content) => response.end(JSON.stringify(content)),
    (error) => response.writeHead(500).end(String(error)),
  )
}).listen(3000)
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(0))
