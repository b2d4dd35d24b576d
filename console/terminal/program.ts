/** The commands of `netflow`, their options and their help. */

import { readFileSync } from 'node:fs'
import { Argument, Command } from 'commander'
import { addCaptureCommands } from './capture-program.ts'
import { showConversations } from './commands/conversations.ts'
import {
  addPrefix,
  enableExporter,
  listExporters,
  nameExporter,
  removePrefix,
  setSampling,
} from './commands/exporters.ts'
import { FLOW_FORMATS, showFlows } from './commands/flows.ts'
import { showGaps, showHealth } from './commands/loss.ts'
import { showNat } from './commands/nat.ts'
import { showSummary } from './commands/summary.ts'
import { showTop, showTraffic } from './commands/traffic.ts'
import { completionScript, SHELLS } from './completion.ts'
import { addFederate } from './federate-program.ts'
import {
  archiveOption,
  byOption,
  changing,
  common,
  examples,
  exporterOption,
  orderOption,
  ranged,
  rawOption,
  readCount,
  timed,
} from './options.ts'
import type { RunCommand } from './terminal.ts'

/** Builds the program. */
export function buildProgram(run: RunCommand): Command {
  const program = new Command('netflow')
    .description('Answers questions about the flows in the database.')
    .version(readVersion(), '-V, --version', 'prints the version')
    .helpCommand('help [command]', 'show the help of a command')
    .showHelpAfterError('(netflow COMMAND --help shows examples)')
    .exitOverride()
  for (const add of [
    addFlows,
    addTop,
    addTraffic,
    addConversations,
    addSummary,
    addLossCommands,
    addCaptureCommands,
    addExporterCommands,
    addFederate,
  ])
    add(program, run)
  program
    .command('completion')
    .description('prints a script that completes commands and options')
    .addArgument(new Argument('<shell>').choices([...SHELLS]))
    .addHelpText(
      'after',
      examples('source <(netflow completion bash)', 'netflow completion zsh > ~/.zfunc/_netflow'),
    )
    .action((shell: string) => {
      return run({}, (terminal) => terminal.print(completionScript(program, shell)))
    })
  return program
}

/** The package is two folders above `dist/console`. */
function readVersion(): string {
  const text = readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}

function addFlows(program: Command, run: RunCommand): void {
  ranged(program.command('flows'), 'lists single flows', FLOW_FORMATS)
    .option('-n, --limit <count>', 'the newest of them; 0: all', readCount, 100)
    .addOption(orderOption())
    .addOption(archiveOption())
    .addHelpText(
      'after',
      examples(
        'netflow flows host 192.0.2.17 and dst port 443',
        'netflow flows --since 15m --format extended proto tcp and flags S/SA',
        "netflow flows --format 'fmt:%ts %sap -> %dap %byt' bytes '>' 1m",
        'netflow flows -n 0 --since yesterday --format csv --exporter core-1',
        'netflow flows --archive /archive --since 2025-11-28 --until 2025-11-29 host 192.0.2.17',
        'netflow flows --format flow-print-5 --since 2026-11-28T12:00:00Z --until 2026-11-28T13:00:00Z',
      ),
    )
    .action((words: string[], options) =>
      run(options, (terminal) => showFlows(terminal, words, options)),
    )
}

function addTop(program: Command, run: RunCommand): void {
  ranged(program.command('top'), 'lists the greatest sums by a key')
    .addOption(byOption('src'))
    .option('-n, --limit <count>', 'how many', readCount, 10)
    .addOption(rawOption())
    .addOption(archiveOption())
    .addHelpText(
      'after',
      examples(
        'netflow top --by src',
        'netflow top --by service --since today proto tcp',
        'netflow top --by src/24,56 -n 20 --exporter core-1',
        'netflow top --by pair --since 1d --format json not net 10.0.0.0/8',
      ),
    )
    .action((words: string[], options) =>
      run(options, (terminal) => showTop(terminal, words, { ...options, n: options.limit })),
    )
}

function addTraffic(program: Command, run: RunCommand): void {
  ranged(program.command('traffic'), 'shows traffic over time, by a key', ['chart'])
    .addOption(byOption('all'))
    .option('-n, --limit <count>', 'how many keys', readCount, 5)
    .option('--step <step>', '10s, 5m, 1h, 1d, 1w, 1month; default: by the range')
    .addOption(rawOption())
    .option('--spread', 'a long flow counts in each bin that it covers; else when it was received')
    .addOption(archiveOption())
    .addHelpText(
      'after',
      examples(
        'netflow traffic --since 6h',
        'netflow traffic --by protocol --step 5m --since today',
        'netflow traffic --format csv --by exporter --step 1d --since 4w',
        'netflow traffic --format chart dst port 443',
      ),
    )
    .action((words: string[], options) =>
      run(options, (terminal) => showTraffic(terminal, words, { ...options, n: options.limit })),
    )
}

function addConversations(program: Command, run: RunCommand): void {
  ranged(program.command('conversations'), 'lists both directions in one line', ['analyzer'])
    .option('-n, --limit <count>', 'the newest of them; 0: all', readCount, 100)
    .option('-p, --packets <count>', 'those with as many packets at least', readCount)
    .addOption(orderOption())
    .addOption(archiveOption())
    .addHelpText(
      'after',
      '\nIn the filter, the client is the source.\n' +
        examples(
          'netflow conversations --order bytes -n 20',
          'netflow conversations --format analyzer --packets 10 --resolve',
          'netflow conversations src host 10.1.0.7 and dst port 22',
        ),
    )
    .action((words: string[], options) =>
      run(options, (terminal) =>
        showConversations(terminal, words, { ...options, leastPackets: options.packets }),
      ),
    )
}

function addSummary(program: Command, run: RunCommand): void {
  ranged(program.command('summary'), 'shows totals, means and histograms')
    .addOption(archiveOption())
    .addHelpText(
      'after',
      examples('netflow summary --since today', 'netflow summary proto udp and port 53'),
    )
    .action((words: string[], options) => run(options, (terminal) => showSummary(terminal, words)))
}

function addLossCommands(program: Command, run: RunCommand): void {
  timed(program.command('gaps'), '24h')
    .description('lists what was lost between the exporters and here')
    .addOption(exporterOption())
    .option('--ledger', 'what each stream has sent and lost, instead of single gaps')
    .option('-n, --limit <count>', 'the newest of them; 0: all', readCount, 100)
    .addHelpText(
      'after',
      examples('netflow gaps --since 1d', 'netflow gaps --ledger --exporter core-1'),
    )
    .action((options) => run(options, (terminal) => showGaps(terminal, options)))
  common(program.command('health'))
    .description('shows the state of each exporter, and advice')
    .addOption(exporterOption())
    .addHelpText(
      'after',
      examples('netflow health', "netflow health --format json | jq '.[].advice'"),
    )
    .action((options) => run(options, showHealth))
  addNat(program.command('nat'), run)
}

function addNat(command: Command, run: RunCommand): void {
  ranged(command, 'shows who was behind a public address; else lists translations')
    .usage('[options] [address [port] | filter...]')
    .option('--at <time>', 'when the address was used; default: now')
    .option('-n, --limit <count>', 'the newest of the events; 0: all', readCount, 100)
    .addHelpText(
      'after',
      '\nIn the filter, the inside is the source, and "nat" the public side.\n' +
        examples(
          'netflow nat 203.0.113.5 40123 --at "2026-11-28 12:34"',
          'netflow nat --since 15m src net 10.1.0.0/16 and proto tcp',
          'netflow nat nat ip 203.0.113.5 and nat port in [40000-40999]',
        ),
    )
    .action((words: string[], options) =>
      run(options, (terminal) => showNat(terminal, words, options)),
    )
}

function addExporterCommands(program: Command, run: RunCommand): void {
  const exporters = program
    .command('exporters')
    .description('lists the exporters, and configures them')
    .addHelpText(
      'after',
      examples(
        'netflow exporters',
        'netflow exporters name 192.0.2.1 core-1',
        'netflow exporters prefix add 192.0.2.1 10.1.0.0/16 office',
        'netflow exporters sampling 192.0.2.1 1000',
        'netflow exporters disable 192.0.2.9',
      ),
    )
  common(exporters.command('list', { isDefault: true }))
    .description('lists them')
    .action((options) => run(options, listExporters))
  changing(exporters.command('name <address> <name>'), 'gives it a name').action(
    (address: string, name: string, options) =>
      run(options, (terminal) => nameExporter(terminal, address, name)),
  )
  for (const word of ['enable', 'disable'] as const) {
    const what = word === 'enable' ? 'has its flows stored' : 'has its flows not stored any more'
    changing(exporters.command(`${word} <address>`), what).action((address: string, options) =>
      run(options, (terminal) => enableExporter(terminal, address, word === 'enable')),
    )
  }
  const prefix = exporters.command('prefix').description('changes the networks behind it')
  changing(prefix.command('add <address> <prefix> [name]'), 'adds a network').action(
    (address: string, network: string, name: string | undefined, options) =>
      run(options, (terminal) => addPrefix(terminal, address, network, name)),
  )
  changing(prefix.command('remove <address> <prefix>'), 'removes a network').action(
    (address: string, network: string, options) =>
      run(options, (terminal) => removePrefix(terminal, address, network)),
  )
  changing(
    exporters.command('sampling <address> <rate>'),
    'sets how many packets one of its packets stands for; auto: as it announces',
  )
    .option('--default', 'only where it announces none')
    .action((address: string, rate: string, options) =>
      run(options, (terminal) => setSampling(terminal, address, rate, options)),
    )
}
