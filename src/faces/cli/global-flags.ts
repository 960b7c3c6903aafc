/** The flags that every command takes, before or after its words. */
import { type Flag, eachNeedsItsFlag } from './command.ts'

export const formats = ['table', 'wide', 'json', 'yaml', 'name', 'jsonl'] as const
export type Format = (typeof formats)[number]

export const globalFlags: readonly Flag[] = [
  {
    key: 'server', name: 'server', short: 's', kind: 'text', many: true, further: eachNeedsItsFlag, min: 1, placeholder: '<server>',
    describe: 'Server to talk to: a name of tf servers list, host:port or a URL; default TASKFLOWS_SERVER, else the server of this home, else no server at all. Repeated, or all: several, for commands on services',
  },
  {
    key: 'output', name: 'output', short: 'o', kind: 'text', choices: formats, placeholder: '<format>',
    describe: `${formats.join(', ')}; default table. json is what the API answers, name prints ids only`,
  },
  { key: 'noColor', name: 'no-color', kind: 'switch', describe: 'Print without colours (also: NO_COLOR, or no terminal)' },
  { key: 'quiet', name: 'quiet', short: 'q', kind: 'switch', describe: 'Print data, warnings and errors only' },
  { key: 'yes', name: 'yes', short: 'y', kind: 'switch', describe: 'Answer yes to questions; without a terminal nothing is asked' },
  { key: 'help', name: 'help', short: 'h', kind: 'switch', describe: 'Show help, also for one command' },
  { key: 'version', name: 'version', short: 'V', kind: 'switch', describe: 'Print the version' },
]
