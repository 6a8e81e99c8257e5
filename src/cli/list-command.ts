import type { Command } from 'commander'

/** `list` among the commands about one thing, with what each list takes: how many, and whether as JSON. */
export function addList(group: Command, description: string): Command {
  return group
    .command('list')
    .description(description)
    .option('--limit <count>', 'at most so many, 1 to 999', '50')
    .option('--json', 'print it as the API has it')
}
