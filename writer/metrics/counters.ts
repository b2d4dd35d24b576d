/**
 * The counters of the writer, as plain numbers. prom-client reads them only when somebody asks: it finds
 * a label by its text, which costs as much as the sequence accounting when it is done three times a
 * datagram. A writer without a metrics port does not load it.
 */

interface CounterOptions {
  readonly name: string
  readonly help: string
}

interface LabelCounterOptions extends CounterOptions {
  /** Name of the label. */
  readonly label: string
  /**
   * Labels that count from 0: Prometheus sees no increase in a series that begins with its first
   * incident.
   */
  readonly known?: readonly (string | number)[]
}

/** Counts by one label. */
export class LabelCounter<Label extends string | number = string> {
  readonly name: string
  readonly help: string
  readonly label: string
  readonly #counts: Record<string | number, number> = {}

  constructor({ name, help, label, known = [] }: LabelCounterOptions) {
    this.name = name
    this.help = help
    this.label = label
    for (const value of known) this.#counts[value] = 0
  }

  /** Adds `by` to the count of the label. */
  count(label: Label, by = 1): void {
    this.#counts[label] = (this.#counts[label] ?? 0) + by
  }

  get counts(): Readonly<Record<string, number>> {
    return this.#counts
  }
}

export class PlainCounter {
  readonly name: string
  readonly help: string
  #value = 0

  constructor({ name, help }: CounterOptions) {
    this.name = name
    this.help = help
  }

  inc(by = 1): void {
    this.#value += by
  }

  get value(): number {
    return this.#value
  }
}

/** Ages of batches. A histogram keeps them; without one they are dropped. */
export class Ages {
  readonly name: string
  readonly help: string
  #keep: ((seconds: number) => void) | undefined

  constructor({ name, help }: CounterOptions) {
    this.name = name
    this.help = help
  }

  observe(seconds: number): void {
    this.#keep?.(seconds)
  }

  /** From now on, hands every age to `keep`. */
  sendTo(keep: (seconds: number) => void): void {
    this.#keep = keep
  }
}
