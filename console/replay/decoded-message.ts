/** Decodes a datagram with all of its content: header, templates, options, flows, problems. */

import { type DecodedDatagram, DecoderSession } from '../../writer/netflow/library.ts'
import type { CapturedDatagram } from '../capture/captured-datagram.ts'
import { MessageWalker } from '../message/message-walker.ts'
import { VARIABLE_LENGTH, type WireTemplate } from '../message/wire-template.ts'
import { readField } from './field-text.ts'

interface DecodedTemplate {
  readonly id: number
  readonly kind: 'template' | 'options template'
  /** Lengths are bytes; `variable`: each record has its own. */
  readonly fields: readonly { readonly name: string; readonly length: number | 'variable' }[]
}

interface DecodedOptions {
  readonly templateId: number
  readonly values: Readonly<Record<string, string | number | boolean>>
}

export interface DecodedMessage {
  readonly source: CapturedDatagram
  readonly decoded: DecodedDatagram
  readonly templates: readonly DecodedTemplate[]
  readonly options: readonly DecodedOptions[]
}

/** Decodes datagrams in order, and remembers templates. */
export class MessageDecoder {
  readonly #session = new DecoderSession()
  readonly #walker = new MessageWalker()

  /** Sets that wait for a template, and those given up. */
  get undecodedSets(): number {
    return this.#session.waitingSets + this.#session.expiredSets
  }

  decode(source: CapturedDatagram): DecodedMessage {
    const { payload, address, receivedAtMicros } = source
    const receivedAt = receivedAtMicros / 1000
    const decoded = this.#session.decodeDatagram(payload, { exporter: address, receivedAt })
    const templates: DecodedTemplate[] = []
    const options: { templateId: number; values: Record<string, string | number | boolean> }[] = []
    let isOptions = false
    this.#walker.walk(payload, source, {
      template: (template) => templates.push(describe(template)),
      record: (template) => {
        isOptions = template.isOptions
        if (isOptions) options.push({ templateId: template.id, values: {} })
      },
      field: (field, offset, length) => {
        const current = options.at(-1)
        if (!isOptions || !current) return
        current.values[field.name] = readField(field, payload.subarray(offset, offset + length))
      },
    })
    return { source, decoded, templates, options }
  }
}

function describe({ id, isOptions, fields }: WireTemplate): DecodedTemplate {
  return {
    id,
    kind: isOptions ? 'options template' : 'template',
    fields: fields.map(({ name, length }) => {
      return { name, length: length === VARIABLE_LENGTH ? 'variable' : length }
    }),
  }
}
