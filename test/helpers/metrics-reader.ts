/** Reads the metrics of a process that a test has started. */

/** Sums a metric by one of its labels; leaves out what is 0. */
export async function readMetric(
  port: number,
  name: string,
  label: string,
): Promise<Record<string, number>> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
  const sums: Record<string, number> = {}
  for (const line of text.split('\n')) {
    const found = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line)
    if (found?.[1] !== name) continue
    const key = new RegExp(`${label}="([^"]*)"`).exec(found[2] ?? '')?.[1] ?? ''
    sums[key] = (sums[key] ?? 0) + Number(found[3])
  }
  return Object.fromEntries(Object.entries(sums).filter(([, sum]) => sum !== 0))
}
