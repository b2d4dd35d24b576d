/** Reads the text of an elements file: the names and types of elements that a user knows. */

import type { DataType, ElementDefinition } from './element-registry.ts'
import { OwnElements } from './own-elements.ts'

interface ParsedElements {
  readonly elements: readonly ElementDefinition[]
  /** Each names its line and what to do. */
  readonly problems: readonly string[]
}

/**
 * Reads lines of comma-separated values; spaces around a value do not matter.
 *
 *     file    = [header] line…             the header names the values; blank lines are skipped
 *     line    = enterprise , id , name , type
 *     value   = text | " text "
 *     comment = # text                     up to the end of a line
 */
export function parseElements(text: string): ParsedElements {
  const own = new OwnElements()
  const problems: string[] = []
  let isFirst = true
  text
    .replace(/^\uFEFF/, '')
    .split(/\r\n|\r|\n/)
    .forEach((line, index) => {
      const values = valuesOf(line)
      if (values === undefined) return
      const isHeader = isFirst && /^(enterprise|pen),id,name,type$/i.test(values.join())
      isFirst = false
      if (isHeader) return
      const place = `line ${index + 1}`
      const problem = addLine(own, values, place)
      if (problem !== undefined) problems.push(`${place}: ${problem}`)
    })
  return { elements: own.elements, problems }
}

/** Returns the values of a line; undefined if it has none. */
function valuesOf(line: string): readonly string[] | undefined {
  const content = line.replace(/#.*/, '').trim()
  if (content === '') return undefined
  return content.split(',').map((value) => value.trim().replace(/^"(.*)"$/, '$1'))
}

function addLine(own: OwnElements, values: readonly string[], place: string): string | undefined {
  const [enterprise = '', id = '', name = '', type = ''] = values
  if (values.length !== 4) {
    return `${values.length} values, not four; write enterprise,id,name,type`
  }
  if (!/^\d+$/.test(enterprise)) return `the enterprise "${enterprise}" is not a whole number`
  if (!/^\d+$/.test(id)) return `the id "${id}" is not a whole number`
  const element = { enterprise: Number(enterprise), id: Number(id), name, type: type as DataType }
  return own.add(element, place)
}
