/**
 * Random sampling announcements in random order: each flow has the rate that applies best, by a
 * plain reading of all announcements so far.
 */

import assert from 'node:assert/strict'
import { it } from 'node:test'
import fc from 'fast-check'
import { DecoderHarness } from '../../../helpers/decoder-harness.ts'
import { propertyRuns } from '../../../helpers/model/property-runs.ts'
import {
  hex,
  type IpfixField,
  ipfixMessage,
  ipfixOptionsTemplate,
  ipfixTemplate,
  optionsTemplate,
  set,
  template,
  v9Message,
  type Wire,
  type WireField,
} from '../../../helpers/netflow-bytes.ts'

type Version = 9 | 10

const SCOPES = ['sampler', 'interface', 'template', 'domain'] as const
type Scope = (typeof SCOPES)[number]

interface Announcement {
  readonly scope: Scope
  readonly value: number
  readonly rate: number
}

interface Flow {
  readonly templateId: number
  readonly samplerId: number | null
  readonly inputIf: number | null
  readonly ownRate: number | null
}

/** Few values, so that announcements and flows meet. */
const VALUES = { sampler: [0, 1, 2], interface: [1, 2], template: [256, 257], domain: [0] } as const
const rates = fc.oneof(
  fc.integer({ min: 1, max: 5000 }),
  fc.constantFrom(0, 2 ** 24, 2 ** 24 + 1, 2 ** 32 - 1),
)
const announcements = fc.constantFrom(...SCOPES).chain((scope) =>
  fc.record({
    scope: fc.constant(scope),
    value: fc.constantFrom<number>(...VALUES[scope]),
    rate: rates,
  }),
)
const flows = fc.record<Flow>({
  templateId: fc.constantFrom(...VALUES.template),
  samplerId: fc.option(fc.constantFrom(...VALUES.sampler, 3)),
  inputIf: fc.option(fc.constantFrom(...VALUES.interface, 3)),
  ownRate: fc.option(rates),
})

function uint(value: number, bytes: number): Buffer {
  return hex(value.toString(16).padStart(bytes * 2, '0'))
}

/**
 * v9: scope types 1, 2 and 5; IPFIX: the elements of selectors, interfaces, templates and domains.
 */
const V9_SCOPES: Readonly<Record<Scope, readonly [WireField, WireField[]]>> = {
  sampler: [[1, 4], [[48, 1]]],
  interface: [[2, 4], []],
  template: [[5, 2], []],
  domain: [[1, 4], []],
}
const IPFIX_SCOPES: Readonly<Record<Scope, IpfixField>> = {
  sampler: [302, 8],
  interface: [10, 4],
  template: [145, 2],
  domain: [149, 4],
}

function encodeAnnouncement({ scope, value, rate }: Announcement, version: Version): Wire[] {
  const id = 600 + SCOPES.indexOf(scope)
  if (version === 10) {
    const field = IPFIX_SCOPES[scope]
    const definition = ipfixOptionsTemplate(id, 1, [field, [34, 4]])
    return [set(3, definition), set(id, uint(value, field[1]), uint(rate, 4))]
  }
  const [field, [sampler]] = V9_SCOPES[scope]
  const definition = optionsTemplate(id, [field], [...(sampler ? [sampler] : []), [50, 4]])
  const values = sampler ? [uint(9, field[1]), uint(value, sampler[1])] : [uint(value, field[1])]
  return [set(1, definition), set(id, ...values, uint(rate, 4))]
}

function encodeFlow({ templateId, samplerId, inputIf, ownRate }: Flow, version: Version): Wire[] {
  const fields: [field: WireField, value: number | null][] = [
    [[1, 4], 7],
    [version === 9 ? [48, 1] : [302, 2], samplerId],
    [[10, 2], inputIf],
    [[34, 4], ownRate],
  ]
  const sent = fields.filter(([, value]) => value !== null)
  const specifiers = sent.map(([field]) => field)
  const values = sent.map(([[, length], value]) => uint(value ?? 0, length))
  const definition =
    version === 9
      ? set(0, template(templateId, specifiers))
      : set(2, ipfixTemplate(templateId, specifiers))
  return [definition, set(templateId, ...values)]
}

function isRate(rate: number | null | undefined): rate is number {
  return typeof rate === 'number' && rate >= 1 && rate <= 2 ** 24
}

/** The last announcement of each scope and value; an invalid rate announces nothing. */
class Announced {
  readonly #rates = new Map<string, number>()

  hear({ scope, value, rate }: Announcement): void {
    if (isRate(rate)) this.#rates.set(`${scope} ${value}`, rate)
  }

  rateOf({ templateId, samplerId, inputIf, ownRate }: Flow): number | undefined {
    if (isRate(ownRate)) return ownRate
    const samplers = [...this.#rates].filter(([key]) => key.startsWith('sampler '))
    const only = samplers.length === 1 ? samplers[0]?.[1] : undefined
    return (
      this.#rates.get(`sampler ${samplerId}`) ??
      (samplerId === 0 ? only : undefined) ??
      this.#rates.get(`interface ${inputIf}`) ??
      this.#rates.get(`template ${templateId}`) ??
      this.#rates.get('domain 0') ??
      (samplerId === null ? only : undefined)
    )
  }
}

for (const version of [9, 10] as const) {
  const name = version === 9 ? 'v9' : 'IPFIX'
  it(`a flow of ${name} has the rate last announced for its best scope`, () => {
    const steps = fc.array(fc.oneof(announcements, flows), { maxLength: 12 })
    fc.assert(
      fc.property(steps, flows, (before, last) => {
        const harness = new DecoderHarness()
        const announced = new Announced()
        for (const step of [...before, last]) {
          const isFlow = 'templateId' in step
          const sets = isFlow ? encodeFlow(step, version) : encodeAnnouncement(step, version)
          const message = version === 9 ? v9Message(...sets) : ipfixMessage(...sets)
          const decoded = harness.receive(message)
          if (!isFlow) announced.hear(step)
          else assert.equal(decoded.flows[0]?.samplingRate, announced.rateOf(step))
        }
      }),
      { ...propertyRuns(300), includeErrorInReport: true },
    )
  })
}
