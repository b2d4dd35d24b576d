/** The plans of a template of flow records: one, or more if its records have both directions. */

import type { ElementRegistry } from '../elements/element-registry.ts'
import type { FieldSpecifier } from '../elements/field-specifier.ts'
import { splitBiflow } from './biflow.ts'
import { type Plan, planRecord } from './plan.ts'
import { planFields } from './plan-fields.ts'

export interface Plans {
  readonly forward: Plan
  /** How to read the reverse direction of the same bytes; null when the record is not a biflow. */
  readonly reverse: ReversePlans | null
}

/** The plans of the reverse direction, for ICMP and for other protocols. */
export interface ReversePlans {
  readonly icmp: Plan
  readonly other: Plan
}

/**
 * Resolves the fields of a template.
 *
 * @param sent the fields, none of length 0
 */
export function planTemplate(sent: readonly FieldSpecifier[], elements: ElementRegistry): Plans {
  const { fields, clientEnds } = planFields(sent, elements)
  const context = { elements, clientEnds }
  const biflow = splitBiflow(fields)
  if (biflow === undefined) return { forward: planRecord(fields, context), reverse: null }
  return {
    forward: planRecord(biflow.forward, context),
    reverse: {
      icmp: planRecord(biflow.reverseIcmp, context),
      other: planRecord(biflow.reverse, context),
    },
  }
}
