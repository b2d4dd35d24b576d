import { readFileSync } from 'node:fs'
import { TerminalHarness } from './terminal-harness.ts'

const harness = await TerminalHarness.start()
console.log(harness.pipeline.databaseUrl)
for (const line of readFileSync('/tmp/b/lines', 'utf8').split('\n').filter(Boolean)) {
  const [, width, text = ''] = /^(\d+) (.*)$/.exec(line) ?? []
  const { code, stdout, stderr } = await harness.run(text, {
    width: width === '0' ? undefined : Number(width),
  })
  console.log(`$ ${line}   [${code}]\n${stdout.split('\n').slice(0, 16).join('\n')}${stderr}`)
}
await harness.stop()
