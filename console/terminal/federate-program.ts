/** The command that puts several servers under one reporting database. */

import type { Command } from 'commander'
import { federate } from './commands/federate.ts'
import { common, examples } from './options.ts'
import type { RunCommand } from './terminal.ts'

export function addFederate(program: Command, run: RunCommand): void {
  common(program.command('federate'))
    .description('makes one reporting database over the servers of several sites; lists the sites')
    .argument('[site...]', 'name=postgres://user:password@host:port/database, to add or change')
    .option('--sites <file>', 'a file with such lines, so that no password is in the command line')
    .option('--remove <site>', 'removes a site from the reports')
    .option('--leave-out <site>', 'leaves a site out of answers, for example while it is down')
    .option('--take-in <site>', 'asks it again')
    .option('--refresh', 'imports all tables and views anew, after an upgrade of the sites')
    .option('--check', 'asks each site; exit code 1 when one does not answer')
    .addHelpText(
      'after',
      examples(
        'netflow federate --database-url postgres:///reports --sites sites.txt',
        'netflow federate --check',
        'netflow top --database-url postgres:///reports --by site --since today',
        'netflow federate --leave-out zurich',
      ),
    )
    .action((sites: string[], options) =>
      run(options, (terminal) => federate(terminal, sites, options)),
    )
}
