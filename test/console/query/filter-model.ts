/**
 * Random filters with what they mean: a second implementation, which shares no code with the parser
 * and the compiler.
 */

import fc from 'fast-check'
import { among, counter, MACS, type ModelFlow, number, port } from './flow-model.ts'

export interface ModelFilter {
  readonly text: string
  readonly holds: (flow: ModelFlow) => boolean
}

/** Networks, and which of the addresses they hold: written by hand. */
const NETWORKS: Readonly<Record<string, readonly string[]>> = {
  '10.0.0.1': ['10.0.0.1'],
  '2001:DB8:0::1': ['2001:db8::1'],
  '10/8': ['10.0.0.1', '10.0.0.130', '10.1.0.1'],
  '10.0.0.77/25': ['10.0.0.1'],
  '0.0.0.0/0': ['10.0.0.1', '10.0.0.130', '10.1.0.1', '192.0.2.7'],
  '2001:db8::/48': ['2001:db8::1'],
  '2001:db8::/32': ['2001:db8::1', '2001:db8:1::1'],
  '203.0.113.0/24': [],
}

type Field = Exclude<keyof ModelFlow, 'extra'>
type Test = (value: string | number) => boolean

const ENDS = ['', 'src ', 'dst ', 'src or dst ', 'src and dst '] as const

/** Both ends, or one: `holds` for each field that was sent. */
function atEnds(ends: (typeof ENDS)[number], [src, dst]: readonly [Field, Field], test: Test) {
  const met = (field: Field) => (flow: ModelFlow) => {
    const value = flow[field]
    return value !== null && test(value)
  }
  if (ends === 'src ') return met(src)
  if (ends === 'dst ') return met(dst)
  if (ends === 'src and dst ') return (flow: ModelFlow) => met(src)(flow) && met(dst)(flow)
  return (flow: ModelFlow) => met(src)(flow) || met(dst)(flow)
}

const COMPARISONS: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  '': (a, b) => a === b,
  '=': (a, b) => a === b,
  '==': (a, b) => a === b,
  eq: (a, b) => a === b,
  '<': (a, b) => a < b,
  lt: (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
  GE: (a, b) => a >= b,
}

/** A condition on numbers: its text, and its meaning. */
const numeric = (values: fc.Arbitrary<number>): fc.Arbitrary<{ text: string; test: Test }> =>
  fc.oneof(
    fc.tuple(among(...Object.keys(COMPARISONS)), values).map(([cmp, value]) => ({
      text: `${cmp} ${value}`,
      test: (found: string | number) => COMPARISONS[cmp]?.(Number(found), value) ?? false,
    })),
    fc.tuple(values, fc.nat(200)).map(([from, more]) => ({
      text: `${from}-${from + more}`,
      test: (found: string | number) => Number(found) >= from && Number(found) <= from + more,
    })),
    fc.array(fc.tuple(values, fc.boolean()), { minLength: 1, maxLength: 4 }).map((list) => ({
      text: `in [${list.map(([from, wide]) => (wide ? `${from}-${from + 5}` : from)).join(', ')}]`,
      test: (found: string | number) =>
        list.some(
          ([from, wide]) => Number(found) >= from && Number(found) <= from + (wide ? 5 : 0),
        ),
    })),
  )

const addressTest = fc
  .tuple(
    among(...ENDS),
    among('host', 'ip', 'net'),
    fc.uniqueArray(among(...Object.keys(NETWORKS)), { minLength: 1, maxLength: 3 }),
  )
  .map(([ends, word, networks]): ModelFilter => {
    const held = new Set(networks.flatMap((network) => NETWORKS[network] ?? []))
    const list = networks.length === 1 ? networks[0] : `in [${networks.join(' ')}]`
    const test = (value: string | number) => held.has(String(value))
    return { text: `${ends}${word} ${list}`, holds: atEnds(ends, ['src_addr', 'dst_addr'], test) }
  })

const pairTest = fc
  .tuple(
    among(...ENDS),
    fc.oneof(
      numeric(port).map((condition) => ['port', 'src_port', 'dst_port', condition] as const),
      numeric(number).map((condition) => ['as', 'src_as', 'dst_as', condition] as const),
      numeric(number).map((condition) => ['vlan', 'src_vlan', 'dst_vlan', condition] as const),
    ),
  )
  .map(([ends, [word, src, dst, { text, test }]]): ModelFilter => {
    return { text: `${ends}${word} ${text}`, holds: atEnds(ends, [src, dst], test) }
  })

const interfaceTest = fc
  .tuple(among('', 'in ', 'out '), numeric(number))
  .map(([way, { text, test }]): ModelFilter => {
    const ends = way === 'in ' ? 'src ' : way === 'out ' ? 'dst ' : ''
    return { text: `${way}if ${text}`, holds: atEnds(ends, ['input_if', 'output_if'], test) }
  })

const single = (text: string, field: Field, test: Test): ModelFilter => ({
  text,
  holds: atEnds('src ', [field, field], test),
})

const counterTest = fc.oneof(
  fc
    .tuple(among('bytes', 'packets', 'duration'), numeric(counter))
    .map(([word, { text, test }]) => single(`${word} ${text}`, word as Field, test)),
  fc.tuple(among('<', '>='), fc.nat(70)).map(([cmp, thousands]) => {
    const compare = (found: string | number) => COMPARISONS[cmp]?.(Number(found), thousands * 1000)
    return single(`bytes ${cmp} ${thousands}k`, 'bytes', (found) => compare(found) ?? false)
  }),
  numeric(number).map(({ text, test }) => single(`tos ${text}`, 'tos', test)),
  numeric(among(0, 3, 8)).map(({ text, test }) => single(`icmp-type ${text}`, 'icmp_type', test)),
)

const RATIOS = {
  bps: ({ bytes, duration }: ModelFlow) => [bytes === null ? null : bytes * 8000, duration],
  pps: ({ packets, duration }: ModelFlow) => [packets === null ? null : packets * 1000, duration],
  bpp: ({ bytes, packets }: ModelFlow) => [bytes, packets],
} as const

const ratioTest = fc
  .tuple(among('bps', 'pps', 'bpp'), among('<', '<=', '>', '>=', '='), counter)
  .map(([word, cmp, value]): ModelFilter => {
    return {
      text: `${word} ${cmp} ${value}`,
      holds: (flow) => {
        const [above, below] = RATIOS[word as keyof typeof RATIOS](flow)
        if (above == null || below == null || below <= 0) return false
        return COMPARISONS[cmp]?.(above, value * below) ?? false
      },
    }
  })

const FLAG_TESTS: readonly (readonly [string, (flags: number) => boolean])[] = [
  ['S', (flags) => (flags & 2) === 2],
  ['SA', (flags) => (flags & 18) === 18],
  ['S/SA', (flags) => (flags & 18) === 2],
  ['0', (flags) => (flags & 255) === 0],
  ['x', (flags) => (flags & 63) === 63],
]

const otherTest = fc.oneof(
  among(...FLAG_TESTS).map(([text, test]) =>
    single(`flags ${text}`, 'tcp_flags', (flags) => test(Number(flags))),
  ),
  among(['tcp', 6], ['proto UDP', 17], ['icmp6', 58], ['proto 1', 1]).map(([text, value]) =>
    single(String(text), 'protocol', (found) => found === value),
  ),
  among(['ingress', 0], ['egress', 1], ['1', 1]).map(([text, value]) =>
    single(`flowdir ${text}`, 'direction', (found) => found === value),
  ),
  among(...MACS).map((mac) => single(`src mac ${mac}`, 'src_mac', (found) => found === mac)),
  among(['ipv4', '.'], ['inet6', ':']).map(
    ([text = '', mark = '']): ModelFilter => ({
      text,
      holds: atEnds('', ['src_addr', 'dst_addr'], (address) => String(address).includes(mark)),
    }),
  ),
  among(
    ['exporter CORE-1', '198.51.100.1'],
    ['exporter "edge 2"', '198.51.100.2'],
    ['router ip 198.51.100.3', '198.51.100.3'],
    ['exporter in [198.51.100.0/30 core-1]', ''],
  ).map(([text = '', address]) =>
    single(text, 'exporter', (found) => address === '' || found === address),
  ),
)

const elementTest = fc.oneof(
  among('ipTTL', 'application', 'missing').map(
    (name): ModelFilter => ({
      text: `extra ${name}`,
      holds: ({ extra }) => extra?.[name] !== undefined,
    }),
  ),
  fc.tuple(among('ipTTL', 'octets', 'application'), among('=', '<', '>='), counter).map(
    ([name, cmp, value]): ModelFilter => ({
      text: `extra "${name}" ${cmp} ${value}`,
      holds: ({ extra }) => {
        const found = extra?.[name]
        return typeof found === 'number' && (COMPARISONS[cmp]?.(found, value) ?? false)
      },
    }),
  ),
  among('web', '7').map(
    (value): ModelFilter => ({
      text: `extra application = '${value}'`,
      holds: ({ extra }) => extra?.['application'] === value,
    }),
  ),
  numeric(number).map(
    ({ text, test }): ModelFilter => ({
      text: `ttl ${text}`,
      holds: ({ extra }) => extra?.['ipTTL'] !== undefined && test(extra['ipTTL']),
    }),
  ),
)

const leaf = fc.oneof(
  addressTest,
  pairTest,
  interfaceTest,
  counterTest,
  ratioTest,
  otherTest,
  elementTest,
)

/** A filter of several tests. */
export const modelFilter: fc.Arbitrary<ModelFilter> = fc.letrec<{ tree: ModelFilter }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    leaf,
    fc
      .tuple(among(' and ', ' ', ' or '), fc.array(tie('tree'), { minLength: 2, maxLength: 3 }))
      .map(
        ([word, terms]): ModelFilter => ({
          text: `(${terms.map(({ text }) => text).join(word)})`,
          holds: (flow) =>
            word === ' or '
              ? terms.some(({ holds }) => holds(flow))
              : terms.every(({ holds }) => holds(flow)),
        }),
      ),
    tie('tree').map((term) => ({
      text: `not ${term.text}`,
      holds: (flow: ModelFlow) => !term.holds(flow),
    })),
    fc.tuple(tie('tree'), tie('tree'), tie('tree')).map(([a, b, c]) => ({
      // "and" binds closer than "or".
      text: `(${a.text} or ${b.text} and ${c.text})`,
      holds: (flow: ModelFlow) => a.holds(flow) || (b.holds(flow) && c.holds(flow)),
    })),
  ),
})).tree
