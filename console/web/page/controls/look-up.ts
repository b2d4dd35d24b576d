/** The form that looks up who was behind a public address. */

import { find, make } from '../elements.ts'
import { fromInput, toInput } from '../time-range.ts'

interface Translation {
  readonly address: string
  readonly port: string
  /** RFC 3339; empty: now. */
  readonly at: string
}

export class LookUp {
  readonly #address = make('input', {
    attributes: { size: 24, placeholder: '203.0.113.7', required: true, spellcheck: 'false' },
  })
  readonly #port = make('input', {
    attributes: { type: 'number', min: 0, max: 65535, placeholder: 'all' },
  })
  readonly #at = make('input', {
    attributes: { size: 19, placeholder: 'now', spellcheck: 'false' },
  })
  readonly #form: HTMLFormElement

  constructor(onLookUp: (translation: Translation) => void) {
    const submit = (event: Event) => {
      event.preventDefault()
      const address = this.#address.value.trim()
      onLookUp({ address, port: this.#port.value.trim(), at: fromInput(this.#at.value) })
    }
    this.#form = make(
      'form',
      { class: 'look-up', on: { submit } },
      make('label', {}, 'Public address ', this.#address),
      make('label', {}, 'port ', this.#port),
      make('label', {}, 'at (UTC) ', this.#at),
      make('button', { attributes: { type: 'submit' } }, 'Look up'),
    )
    find('list-body').before(this.#form)
  }

  /** Shows the form with its values; undefined hides it. */
  show(translation: Translation | undefined): void {
    this.#form.hidden = translation === undefined
    if (!translation) return
    this.#address.value = translation.address
    this.#port.value = translation.port
    this.#at.value = toInput(translation.at)
  }
}
