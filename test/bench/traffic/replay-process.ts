/**
 * A process that replays a file of lines into a pipe at full speed, as `netflow replay` does: opens the
 * pipe, says so, waits for the order to begin, and answers with the CPU seconds of the replay.
 */

import { CaptureFile } from '../../../console/capture/capture-file.ts'
import { Pacer } from '../../../console/replay/pacer.ts'
import { PipeTarget } from '../../../console/replay/pipe-target.ts'
import { Replay } from '../../../console/replay/replay.ts'

/** Without seconds: the process is ready. */
export interface ReplayAnswer {
  readonly cpuSeconds?: number
}

const [, , path = '', pipe = ''] = process.argv

const target = new PipeTarget({ path: pipe, onStall: () => {} })
await target.open()
process.once('message', async () => {
  const before = process.cpuUsage()
  const replay = new Replay({
    ...{ target, pacer: new Pacer(0), isPaced: false, exporter: undefined },
    ...{ signal: new AbortController().signal, onProgress: () => {} },
  })
  await replay.run(await CaptureFile.open({ path }))
  const { user, system } = process.cpuUsage(before)
  await target.close()
  answer({ cpuSeconds: (user + system) / 1e6 })
  process.disconnect?.()
})
answer({})

function answer(message: ReplayAnswer): void {
  process.send?.(message)
}
