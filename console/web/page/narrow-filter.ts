/** How a row of a list narrows the filter. Pure. */

/** For each key, the test of a filter that only its flows pass. */
const TESTS: Readonly<Record<string, (key: string) => string | undefined>> = {
  src: (key) => `src host ${key}`,
  dst: (key) => `dst host ${key}`,
  address: (key) => `host ${key}`,
  pair: (key) => {
    const [src, dst] = key.split(' > ')
    if (src === undefined || dst === undefined || src === '-' || dst === '-') return undefined
    return `src host ${src} and dst host ${dst}`
  },
  src_port: (key) => `src port ${key}`,
  dst_port: (key) => `dst port ${key}`,
  service: (key) => `port ${key}`,
  protocol: (key) => `proto ${key}`,
  src_as: (key) => `src as ${key}`,
  dst_as: (key) => `dst as ${key}`,
  exporter: (key) => `exporter ${key}`,
  input_if: (key) => `in if ${key}`,
  output_if: (key) => `out if ${key}`,
  interface: (key) => {
    const [exporter, number] = key.split(' ')
    if (number === undefined || number === '-') return undefined
    return `exporter ${exporter} and if ${number}`
  },
  direction: (key) => `flowdir ${key}`,
  tos: (key) => `tos ${key}`,
  prefix: (key) => `net ${key}`,
}

/** Returns the test for a key of a list; undefined when the language has none, or nothing was sent. */
export function testFor(by: string, key: string | null): string | undefined {
  if (key === null || key === 'other') return undefined
  const network = /^(src|dst)\//.exec(by)
  if (network) return `${network[1]} net ${key}`
  return TESTS[by]?.(key)
}

/** Returns the filter with one more test, which both must pass. */
export function narrow(filter: string, test: string): string {
  const text = filter.trim()
  if (text === '') return test
  // `or` binds less than `and`.
  if (/\bor\b|\|\|/i.test(text)) {
    return text.endsWith(`) and ${test}`) ? text : `(${text}) and ${test}`
  }
  return text === test || text.endsWith(` and ${test}`) ? text : `${text} and ${test}`
}
