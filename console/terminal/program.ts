/** The program `netflow`, with all of its commands. */

import { readFileSync } from 'node:fs'
import { Argument, Command } from 'commander'
import { addArchive } from './commands/archive.ts'
import { addConversations } from './commands/conversations.ts'
import { addExport } from './commands/export.ts'
import { addExporterCommands } from './commands/exporters.ts'
import { addFederate } from './commands/federate.ts'
import { addFlows } from './commands/flows.ts'
import { addLossCommands } from './commands/loss.ts'
import { addNat } from './commands/nat.ts'
import { addRecord } from './commands/record.ts'
import { addReplay } from './commands/replay.ts'
import { addSummary } from './commands/summary.ts'
import { addTail } from './commands/tail.ts'
import { addTop, addTraffic } from './commands/traffic.ts'
import { completionScript, SHELLS } from './completion.ts'
import { examples } from './options.ts'
import type { RunCommand } from './terminal.ts'

/** In the order of the help. */
const COMMANDS = [
  ...[addFlows, addTop, addTraffic, addConversations, addSummary, addLossCommands, addNat],
  ...[addTail, addRecord, addReplay, addExport, addArchive, addExporterCommands, addFederate],
  addCompletion,
]

/** Builds the program. */
export function buildProgram(run: RunCommand): Command {
  const program = new Command('netflow')
    .description('Answers questions about the flows in the database.')
    .version(readVersion(), '-V, --version', 'prints the version')
    .helpCommand('help [command]', 'show the help of a command')
    .showHelpAfterError('(netflow COMMAND --help shows examples)')
    .exitOverride()
  for (const add of COMMANDS) add(program, run)
  return program
}

function addCompletion(program: Command, run: RunCommand): void {
  program
    .command('completion')
    .description('prints a script that completes commands and options')
    .addArgument(new Argument('<shell>').choices([...SHELLS]))
    .addHelpText(
      'after',
      examples('source <(netflow completion bash)', 'netflow completion zsh > ~/.zfunc/_netflow'),
    )
    .action((shell: string) =>
      run({}, (terminal) => terminal.print(completionScript(program, shell))),
    )
}

/** The package is two folders above `dist/console`. */
function readVersion(): string {
  const text = readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}
