import { Argument, type Command } from 'commander'
import { deploymentAnswer, mustRead } from './answers.ts'
import { mustAsk } from './ask.ts'
import { connectionOf, withConnection } from './connection.ts'
import { parseWeight } from './register.ts'
import { oneLine, type Terminal } from './terminal.ts'

const idWords = "the deployment's id"

/** `davy finish`, `davy progress` and `davy override`: what happens to a deployment. */
export function addTelling(program: Command, terminal: Terminal): void {
  const tell = async (url: string | undefined, id: string, what: string, body: object, said: string) => {
    const path = `/api/v1/deployments/${encodeURIComponent(id)}/${what}`
    const { text } = await mustAsk(connectionOf(terminal, url), { method: 'POST', path, body })
    const deployment = mustRead(deploymentAnswer, text, 'a deployment')
    terminal.write(`${oneLine(deployment.id)}: ${said}\n`)
  }

  const finish = program
    .command('finish')
    .description('say how a rollout ended')
    .argument('<deployment>', idWords)
    .addArgument(new Argument('<outcome>', 'how').choices(['promoted', 'rolled-back', 'aborted']))
    .action((id: string, outcome: string, { url }: { url?: string }) =>
      tell(url, id, 'finish', { outcome }, `finished as ${outcome}`),
    )

  const progress = program
    .command('progress')
    .description('say that a rollout took a step; a promote is asked for anew at each')
    .argument('<deployment>', idWords)
    .option('--weight <percent>', 'the share of traffic that the canary gets now', parseWeight)
    .option('--step <name>', 'the step as the rollout calls it')
    .action((id: string, { url, ...taken }: { url?: string; weight?: number; step?: string }) =>
      tell(url, id, 'progress', taken, stepWords(taken)),
    )

  const override = program
    .command('override')
    .description("put a person's word over Davy's; who, what and why are kept")
    .argument('<deployment>', idWords)
    .addArgument(new Argument('<decision>', 'the word').choices(['promote', 'hold', 'rollback']))
    .requiredOption('--reason <text>', 'why')
    .action((id: string, decision: string, { url, reason }: { url?: string; reason: string }) =>
      tell(url, id, 'override', { decision, reason }, `overridden with ${decision}`),
    )

  for (const command of [finish, progress, override]) withConnection(command)
}

function stepWords({ weight, step }: { readonly weight?: number; readonly step?: string }): string {
  if (weight !== undefined) return `at ${weight}%`
  return step === undefined ? 'took a step' : `at step ${oneLine(step)}`
}
