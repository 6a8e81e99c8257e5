import { type Command, InvalidArgumentError, Option } from 'commander'
import { cohortLabel } from '../domain/cohort.ts'
import { strategies } from '../domain/deployment.ts'
import { type DeploymentAnswer, deploymentAnswer, mustRead } from './answers.ts'
import { mustAsk } from './ask.ts'
import { connectionOf, withConnection } from './connection.ts'
import { prettyJson } from './pretty-json.ts'
import { oneLine, type Terminal } from './terminal.ts'

type Options = {
  url?: string
  json?: true
  service: string
  canary: string
  baseline?: string
  namespace?: string
  environment?: string
  strategy?: string
  template?: string
  weight?: number
}

/** `davy register`: says that a release starts. */
export function addRegister(program: Command, terminal: Terminal): void {
  const command = program
    .command('register')
    .description('say that a release starts, and print the id of its deployment; the same again prints the same id')
    .requiredOption('--service <name>', 'service.name in its telemetry')
    .requiredOption('--canary <version>', 'service.version of what is new')
    .option('--baseline <version>', 'service.version of what it is compared with; default: what has most traffic now')
    .option('--environment <name>', 'deployment.environment.name in its telemetry')
    .option('--namespace <name>', 'service.namespace in its telemetry; default: the only one seen')
    .addOption(new Option('--strategy <strategy>', 'how it is rolled out').choices(strategies))
    .option('--template <name>', 'the template that judges it')
    .option('--weight <percent>', 'the share of traffic that it is planned to get', parseWeight)
    .option('--json', 'print the deployment')
    .action(async (options: Options) => {
      const { url, json, canary, baseline, weight, ...rest } = options
      const body = {
        ...rest,
        canary: { version: canary },
        ...(baseline === undefined ? {} : { baseline: { version: baseline } }),
        ...(weight === undefined ? {} : { plannedWeight: weight }),
      }
      const question = { method: 'POST', path: '/api/v1/deployments', body } as const
      const { status, text } = await mustAsk(connectionOf(terminal, url), question)
      const deployment = mustRead(deploymentAnswer, text, 'a deployment')
      terminal.writeError(`davy: ${describe(deployment, status === 201)}\n`)
      terminal.write(json ? prettyJson(text) : `${oneLine(deployment.id)}\n`)
    })
  withConnection(command)
}

/** Per cent from 0 to 100. @throws InvalidArgumentError */
export function parseWeight(text: string): number {
  const weight = /^\d{1,3}(\.\d{1,6})?$/.test(text) ? Number(text) : Number.NaN
  if (weight >= 0 && weight <= 100) return weight
  throw new InvalidArgumentError('Expected per cent, a number from 0 to 100.')
}

function describe(deployment: DeploymentAnswer, created: boolean): string {
  const { service, environment, canary, baseline, reportUrl } = deployment
  const against = baseline === null ? 'no baseline was found, so it can only hold' : `against ${cohortLabel(baseline)}`
  const opened = created ? 'opened' : 'already open:'
  return oneLine(`${opened} ${service} ${cohortLabel(canary)} in ${environment}, ${against}; ${reportUrl}`)
}
