import { type Command, InvalidArgumentError } from 'commander'
import { mustRead, planAnswer } from './answers.ts'
import { mustAsk } from './ask.ts'
import { connectionOf, withConnection } from './connection.ts'
import { prettyJson } from './pretty-json.ts'
import { oneLine, type Terminal } from './terminal.ts'

type Options = {
  url?: string
  json?: true
  service?: string
  namespace?: string
  environment?: string
  template?: string
  rate?: string
  errors?: string
  pods?: string
  weights?: string
  ratios?: string
}

/** `davy plan`: how long a decision will take, by the canary's share of the traffic. */
export function addPlan(program: Command, terminal: Terminal): void {
  const command = program
    .command('plan')
    .description('say how long a decision will take, before there is a canary')
    .option('--service <name>', 'take rate, errors, durations and pods from the last hour of this service')
    .option('--environment <name>', 'deployment.environment.name in its telemetry')
    .option('--namespace <name>', 'service.namespace in its telemetry; default: the only one seen')
    .option('--template <name>', 'the template that would judge it')
    .option('--rate <number>', 'requests a second of both versions together', parseNumbers)
    .option('--errors <percent>', 'per cent of the requests that fail anyway', parseNumbers)
    .option('--pods <count>', 'pods of both versions together', parseNumbers)
    .option('--weights <percents>', 'shares of the traffic for the canary, like 5,20,50', parseNumbers)
    .option('--ratios <ratios>', 'harm to be found, like 1.5,2: times the errors of now', parseNumbers)
    .option('--json', 'print the plan as the API has it')
    .action(async ({ url, json, rate, errors, ...rest }: Options) => {
      const query = {
        ...rest,
        requestsPerSecond: rate,
        errorRate: errors === undefined ? undefined : String(Number((Number(errors) / 100).toFixed(9))),
      }
      const { text } = await mustAsk(connectionOf(terminal, url), { path: '/api/v1/plan', query })
      const plan = mustRead(planAnswer, text, 'a plan')
      if (json) terminal.write(prettyJson(text))
      else for (const { summary } of plan.weights) terminal.write(`${oneLine(summary)}\n`)
    })
  withConnection(command)
}

/** Decimal numbers with commas between them, as they are. @throws InvalidArgumentError */
function parseNumbers(text: string): string {
  if (/^\d+(\.\d+)?(,\d+(\.\d+)?)*$/.test(text)) return text
  throw new InvalidArgumentError('Expected a number, or several with commas between them.')
}
