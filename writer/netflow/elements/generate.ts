/**
 * Writes `netflow/information-elements.ts` from a registry in CSV (pen,id,name,type,…):
 *
 *     node dist/writer/netflow/elements/generate.js REGISTRY.csv > writer/netflow/elements/information-elements.ts
 *
 * The registry itself is not part of the project.
 */

import { readFileSync } from 'node:fs'

const [, , path] = process.argv
if (path === undefined) {
  process.stderr.write('usage: generate-information-elements REGISTRY.csv\n')
  process.exit(2)
}

const rows = readFileSync(path, 'utf8')
  .split('\n')
  .slice(1)
  .filter((line) => line.trim() !== '')
  .map((line) => line.split(','))

const byEnterprise = new Map<number, string[]>()
for (const [pen = '', id = '', name = '', type = ''] of rows) {
  if (!/^\d+$/.test(pen) || !/^\d+$/.test(id) || !/^[\w.-]+$/.test(name)) {
    throw new Error(`not a row of the registry: ${pen},${id},${name},${type}`)
  }
  const lines = byEnterprise.get(Number(pen)) ?? []
  lines.push(`${id} ${name} ${type || 'octetArray'}`)
  byEnterprise.set(Number(pen), lines)
}

const tables = [...byEnterprise]
  .sort(([a], [b]) => a - b)
  .map(([pen, lines]) => `  [\n    ${pen},\n    \`${lines.join('\n')}\`,\n  ],`)

process.stdout.write(`/**
 * The registry of information elements, one table an enterprise number (0 is IANA), one element a
 * line: id, name, abstract data type (RFC 7012 section 3.1). Generated, do not edit: see
 * \`writer/netflow/elements/generate.ts\`.
 */

export const INFORMATION_ELEMENTS: readonly (readonly [enterprise: number, elements: string])[] = [
${tables.join('\n')}
]
`)
