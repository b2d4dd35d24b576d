/**
 * A metric that counts by one label in plain numbers, which are handed to prom-client when somebody
 * asks: it finds each label by its text, and three of that a datagram cost as much as its sequence.
 */

import { Counter, type Registry } from 'prom-client'

export interface LabelCounterOptions {
  readonly name: string
  readonly help: string
  /** Name of the label. */
  readonly label: string
  readonly registry: Registry
}

export class LabelCounter<Label extends string | number = string> {
  readonly #counts: Record<string | number, number> = {}

  constructor({ name, help, label, registry }: LabelCounterOptions) {
    const counts = this.#counts
    new Counter({
      name,
      help,
      labelNames: [label],
      registers: [registry],
      collect() {
        this.reset()
        for (const [value, count] of Object.entries(counts)) this.inc({ [label]: value }, count)
      },
    })
  }

  /** Counts one more, or so many, of what bears the label. */
  count(label: Label, by = 1): void {
    this.#counts[label] = (this.#counts[label] ?? 0) + by
  }
}
