import { Argument, type Command } from 'commander'
import { renderConfigReference } from '../platform/config-reference.ts'
import { hashToken, newToken, parseTokens, type Role, roles } from '../platform/tokens.ts'
import type { Terminal } from './terminal.ts'

/** `davy token new` and `davy config reference`: what needs no server. */
export function addOffline(program: Command, terminal: Terminal): void {
  program
    .command('token')
    .description('make tokens; no server is asked')
    .command('new')
    .description('print a new token, once, and the line with its hash for the file that DAVY_TOKENS_FILE names')
    .argument('<name>', 'whose it is; audits show it')
    .addArgument(new Argument('<role>', 'what it may do').choices(roles))
    .option('--json', 'print {token, name, role, hash}')
    .action((name: string, role: Role, { json }: { json?: true }) => {
      const token = newToken(terminal.random(32))
      const hash = hashToken(token)
      const line = `- {name: ${JSON.stringify(name)}, role: ${role}, hash: "${hash}"}`
      parseTokens(line, 'the new line')
      if (json) terminal.write(`${JSON.stringify({ token, name, role, hash }, null, 2)}\n`)
      else terminal.write(`# The token, shown only now:\n${token}\n# Its line in the tokens file:\n${line}\n`)
    })

  program
    .command('config')
    .description('know the configuration; no server is asked')
    .command('reference')
    .description('print every setting with its default and its variable, as a YAML file')
    .action(() => terminal.write(renderConfigReference()))
}
