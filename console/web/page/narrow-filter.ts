/** Narrows the filter by a row of a list. Pure. */

/** By kind of key, the test that only the flows of a key pass. */
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

/** Returns the test for a key of a list; undefined when filters have none, or the key was not sent. */
export function findTest(by: string, key: string | null): string | undefined {
  if (key === null || key === 'other') return undefined
  const network = /^(src|dst)\//.exec(by)
  if (network) return `${network[1]} net ${key}`
  return TESTS[by]?.(key)
}

/** Returns a filter that flows pass when they pass the filter and the test. */
export function narrowFilter(filter: string, test: string): string {
  const text = filter.trim()
  if (text === '') return test
  // `or` binds less than `and`.
  if (/\bor\b|\|\|/i.test(text)) {
    return text.endsWith(`) and ${test}`) ? text : `(${text}) and ${test}`
  }
  return text === test || text.endsWith(` and ${test}`) ? text : `${text} and ${test}`
}
