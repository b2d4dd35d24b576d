/** Reads a CPU profile of V8 and tells which part of the program the time went to. */

/** What is used of the format that `node --cpu-prof` writes. */
export interface CpuProfile {
  /** Microseconds of the monotonic clock, as `process.hrtime` has it. */
  readonly startTime: number
  readonly nodes: readonly ProfileNode[]
  /** Id of the node that was running, sample by sample. */
  readonly samples: readonly number[]
  /** Microseconds before each sample. */
  readonly timeDeltas: readonly number[]
}

interface ProfileNode {
  readonly id: number
  readonly callFrame: { readonly functionName: string; readonly url: string }
  readonly children?: readonly number[]
}

/** What V8 calls the time in which nothing runs. */
const IDLE = '(idle)'
/** Pseudo-functions of V8 that are nobody's. */
const GARBAGE = '(garbage collector)'

/** Microseconds of the monotonic clock. */
export interface ClockRange {
  readonly fromMicros: number
  readonly toMicros: number
}

/**
 * Adds up the busy microseconds within a range by part: the folder or file of this program, or the package, that is
 * innermost on the stack; Node.js itself where none is.
 */
export function sumByPart(
  { startTime, nodes, samples, timeDeltas }: CpuProfile,
  { fromMicros, toMicros }: ClockRange,
): Map<string, number> {
  const parts = findParts(nodes)
  const sums = new Map<string, number>()
  let now = startTime
  for (const [index, id] of samples.entries()) {
    const delta = timeDeltas[index] ?? 0
    now += delta
    const part = parts.get(id)
    if (part === undefined || now < fromMicros || now > toMicros) continue
    sums.set(part, (sums.get(part) ?? 0) + delta)
  }
  return sums
}

/** Gives the part of each node by its id; idle ones have none. */
function findParts(nodes: readonly ProfileNode[]): Map<number, string> {
  const byId = new Map(nodes.map((node) => [node.id, node]))
  const parts = new Map<number, string>()
  const visit = (node: ProfileNode, outer: string): void => {
    const part = partOf(node) ?? outer
    if (node.callFrame.functionName !== IDLE) parts.set(node.id, part)
    for (const id of node.children ?? []) {
      const child = byId.get(id)
      if (child) visit(child, part)
    }
  }
  const [root] = nodes
  if (root) visit(root, 'Node.js')
  return parts
}

function partOf({ callFrame: { functionName, url } }: ProfileNode): string | undefined {
  if (functionName === GARBAGE) return 'garbage collection'
  const inPackage = /\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url)
  if (inPackage) return inPackage[1]
  // A folder of the writer is a part, and so is each file beside the folders; what is shared belongs
  // to the part that calls it.
  return /\/dist\/(writer\/[^/]+?)(?:\.js$|\/)/.exec(url)?.[1]
}
