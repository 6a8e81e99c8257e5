import { Script } from 'node:vm'

/** What of the configuration of a promotion step `http` decides. */
export type KargoStep = {
  readonly config: {
    readonly method?: string
    readonly url: string
    readonly successExpression: string
    readonly failureExpression: string
  }
  readonly retry: { readonly timeout: string; readonly errorThreshold?: number }
}

export type StepState = 'Succeeded' | 'Failed' | 'Errored' | 'Running'

type Response = { readonly status: number; readonly body: unknown }

/**
 * One reconciliation after the other of Kargo's promotion step `http`, simulated from its source: the failure expression
 * wins, neither is Running, and no answer is an error, of which as many are forgiven as errorThreshold is above 1.
 * @param ask throws where no answer comes.
 */
export function kargoStep({ config, retry }: KargoStep, ask: () => Promise<Response>) {
  // Of expr-lang the shipped expressions use what JavaScript reads the same way.
  const holds = (expression: string, response: Response) =>
    new Script(expression).runInNewContext({ response }) === true
  let errors = 0
  return async (): Promise<StepState> => {
    let response: Response
    try {
      response = await ask()
    } catch {
      errors += 1
      return errors >= (retry.errorThreshold ?? 1) ? 'Errored' : 'Running'
    }
    if (holds(config.failureExpression, response)) return 'Failed'
    return holds(config.successExpression, response) ? 'Succeeded' : 'Running'
  }
}
