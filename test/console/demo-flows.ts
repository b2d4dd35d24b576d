/** The datagrams of the demonstration, always the same, as received at a given time. */

import { type DemoExporter, V5DemoExporter, V9DemoExporter } from '../../launcher/demo/exporters.ts'
import { seededRandom } from '../../launcher/demo/traffic.ts'

export interface DemoDatagram {
  readonly exporter: string
  readonly receivedAtMs: number
  readonly bytes: Buffer
}

interface DemoFlowsOptions {
  readonly sinceMs: number
  readonly untilMs: number
  /** Datagrams of each of the three exporters. */
  readonly datagrams: number
  /** That of the second exporter. Default 100. */
  readonly samplingRate?: number
}

/** Makes the datagrams; two of the first exporter's are lost on the way. */
export function makeDemoDatagrams(options: DemoFlowsOptions): DemoDatagram[] {
  const { sinceMs, untilMs, datagrams, samplingRate = 100 } = options
  const sites = [
    { number: 1, ipv6Share: 0, samplingRate: 1 },
    { number: 2, ipv6Share: 0.2, samplingRate },
    { number: 3, ipv6Share: 0.6, samplingRate: 1 },
  ]
  const exporters = sites.map((site): DemoExporter => {
    const own = { site, random: seededRandom(site.number), nowMs: sinceMs }
    return site.number === 1
      ? new V5DemoExporter({ ...own, observationDomain: 1 })
      : new V9DemoExporter({ ...own, observationDomain: site.number })
  })
  const made: DemoDatagram[] = []
  const stepMs = Math.floor((untilMs - sinceMs) / datagrams)
  for (let number = 0; number < datagrams; number += 1) {
    const receivedAtMs = sinceMs + number * stepMs
    for (const [index, exporter] of exporters.entries()) {
      if (index === 0 && number === Math.floor(datagrams * 0.4)) {
        for (let lost = 0; lost < 2; lost += 1) exporter.nextMessage(receivedAtMs)
      }
      const { bytes } = exporter.nextMessage(receivedAtMs)
      made.push({ exporter: `192.0.2.${index + 1}`, receivedAtMs, bytes })
    }
  }
  return made
}
