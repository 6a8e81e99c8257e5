import { DavyError } from '../../domain/errors.ts'
import { batchJudges } from '../../judges/index.ts'
import { kayentaJudgeName } from '../../judges/kayenta/judge-kayenta.ts'
import { checkJson } from '../../platform/check-json.ts'
import { type CanaryConfig, configSchema } from './canary-schemas.ts'
import { withoutNulls } from './plain-json.ts'

export type JudgeName = keyof typeof batchJudges

/** The name under which a Kayenta asks another service to judge: whoever is asked chooses by itself. */
const remoteJudgeName = 'RemoteJudge-v1.0'

/** Also a comma, as Kayenta's own pattern. */
const namePattern = /^[A-Za-z0-9,_-]*$/

/**
 * A canary config as it came, checked and without nulls.
 * @throws DavyError VALIDATION
 */
export function checkedConfig(body: unknown): CanaryConfig {
  const config = withoutNulls(body)
  checkJson(configSchema, config, 'the canary config')
  return config as CanaryConfig
}

/** What only a config has to have that is stored. @throws DavyError VALIDATION */
export function checkStored(config: CanaryConfig): void {
  const { name = '', applications = [], metrics = [] } = config
  const refuse = (detail: string, expected: string, where: string) => {
    throw new DavyError('VALIDATION', detail, { expected, where })
  }
  if (name === '') refuse('Canary config must specify a name.', 'a name', '/name')
  if (applications.length === 0) {
    refuse('Canary config must specify at least one application.', 'a list of applications', '/applications')
  }
  if (!namePattern.test(name)) {
    const expected = 'letters, numbers, dashes (-) and underscores (_)'
    refuse(`Canary config cannot be named '${name}': a name has only ${expected}.`, expected, '/name')
  }
  for (const [index, metric] of metrics.entries()) {
    const where = `/metrics/${index}/name`
    if (metric.name === '') refuse('Every metric of a canary config must have a name.', 'a name', where)
    if (metrics.findIndex((other) => other.name === metric.name) < index) {
      refuse(`Canary config has two metrics named '${metric.name}'.`, 'names that differ', where)
    }
  }
}

/**
 * The judge that a config asks for; Kayenta's when it names none.
 * @throws DavyError VALIDATION for a name that no judge has
 */
export function judgeOf(config: Pick<CanaryConfig, 'judge'>): JudgeName {
  const given = config.judge?.name ?? ''
  // A Kayenta that asks us needs its own name here, so ours stands beside it.
  const own = config.judge?.judgeConfigurations?.judge
  const asked = given === remoteJudgeName ? (own ?? kayentaJudgeName) : given === '' ? kayentaJudgeName : given
  if (typeof asked === 'string' && Object.hasOwn(batchJudges, asked)) return asked as JudgeName
  throw new DavyError('VALIDATION', `Unable to resolve canary judge ${JSON.stringify(asked)}.`, {
    expected: `one of ${Object.keys(batchJudges).join(', ')}`,
    where: given === remoteJudgeName ? '/judge/judgeConfigurations/judge' : '/judge/name',
  })
}
