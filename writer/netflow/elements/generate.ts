/**
 * Writes `information-elements.ts` from a registry in CSV (pen,id,name,type,…):
 *
 *     node dist/writer/netflow/elements/generate.js REGISTRY.csv > writer/netflow/elements/information-elements.ts
 *
 * The registry is not part of the repository.
 */

import { readFileSync } from 'node:fs'

const IANA = 0

const [, , path] = process.argv
if (path === undefined) {
  process.stderr.write('usage: generate.js REGISTRY.csv\n')
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

const WIDTH = 100

/** Lays a table out as the formatter would. */
function tableText([pen, lines]: readonly [pen: number, lines: readonly string[]]): string {
  const oneLine = `  [${pen}, \`${lines.join('\n')}\`],`
  const fits = lines.length === 1 && oneLine.length <= WIDTH
  return fits ? oneLine : `  [\n    ${pen},\n    \`${lines.join('\n')}\`,\n  ],`
}

const tables = [...byEnterprise].sort(([a], [b]) => a - b).map(tableText)

const constants = (byEnterprise.get(IANA) ?? []).map((line) => {
  const [id, name] = line.split(' ')
  return `  ${name}: ${id},`
})

process.stdout.write(`/**
 * The registry of information elements. Generated: \`writer/netflow/elements/generate.ts\` writes this
 * file, so change it there.
 */

/** One table an enterprise (0 is IANA); one element a line: id, name, abstract data type. */
export const INFORMATION_ELEMENTS: readonly (readonly [enterprise: number, elements: string])[] = [
${tables.join('\n')}
]

/** The ids of IANA's elements by their registered names. */
export const IE = {
${constants.join('\n')}
} as const
`)
