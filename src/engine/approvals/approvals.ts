import type { Approval, ApprovalAnswer, Standing } from '../../domain/approval.ts'
import type { Deployment } from '../../domain/deployment.ts'
import type { Logger } from '../../platform/logger.ts'
import type { Facts } from '../../storage/facts.ts'
import { coalesce } from '../coalesce.ts'
import { retriedForMs } from '../deliveries/retry-delay.ts'
import type { Deployments } from '../deployments.ts'
import { FactTail } from '../fact-tail.ts'

/** No platform waits for longer: GitHub fails a job after 30 days. */
const keptMs = 30 * 86_400_000

export type ApprovalsOptions = {
  readonly facts: Facts
  readonly deployments: Pick<Deployments, 'refresh' | 'list'>
  readonly standing: (deploymentId: string) => Promise<Standing>
  readonly log: Logger
  readonly now: () => number
}

type Asked = {
  readonly approval: Approval
  /** Unix milliseconds by decision. */
  readonly answered: ReadonlyMap<ApprovalAnswer['decision'], number>
}

/**
 * Questions of platforms that wait for an answer. A question is a fact, its answer another one, which the deliveries bring
 * to the platform; nothing else is kept, so a restart goes on where it was. While nothing is decided nothing is said.
 */
export class Approvals {
  readonly #o: ApprovalsOptions
  readonly #asked = new Map<string, Asked>()
  readonly #read: () => Promise<void>

  constructor(options: ApprovalsOptions) {
    this.#o = options
    const since = new Date(options.now() - keptMs).toISOString()
    const tail = new FactTail(options.facts, ['approval-asked', 'approval-answered'], since)
    this.#read = coalesce(() =>
      tail.read(({ kind, at, body }) => {
        if (kind === 'approval-asked') this.#takeQuestion(body as Approval)
        else this.#takeAnswer(body as ApprovalAnswer, Date.parse(at))
      }),
    )
  }

  /** Writes the question down; it is answered as soon as the gate has an answer. The same one again changes nothing. */
  async ask(approval: Approval): Promise<void> {
    await this.#o.facts.putOnce('approval-asked', approval.key, approval.endpoint, approval)
  }

  /** Answers what can be answered. A rollback is told after a promote, too: that one may not have arrived. */
  async tick(): Promise<void> {
    await Promise.all([this.#read(), this.#o.deployments.refresh()])
    const now = this.#o.now()
    for (const [key, asked] of this.#asked) {
      if (isOver(asked, now)) {
        this.#asked.delete(key)
        continue
      }
      const deployment = this.#o.deployments.list().find((each) => isAbout(asked.approval, each))
      if (deployment === undefined) continue
      await this.#answer(asked, deployment).catch((err: unknown) =>
        this.#o.log.error(
          { err, approval: key },
          'a platform that waits could not be answered; the next round tries again',
        ),
      )
    }
  }

  async #answer({ approval, answered }: Asked, { id: deploymentId }: Deployment): Promise<void> {
    const { is: decision, verdict } = await this.#o.standing(deploymentId)
    if (decision === 'wait' || decision === 'over' || answered.has(decision)) return
    const answer: ApprovalAnswer = { approval, deploymentId, decision, verdict }
    const { won } = await this.#o.facts.putOnce('approval-answered', answerKey(answer), deploymentId, answer)
    this.#takeAnswer(answer, this.#o.now())
    const { key, endpoint } = approval
    if (won) this.#o.log.info({ approval: key, endpoint, deploymentId, decision }, 'a platform that waits is answered')
  }

  #takeQuestion(approval: Approval): void {
    if (!this.#asked.has(approval.key)) this.#asked.set(approval.key, { approval, answered: new Map() })
  }

  #takeAnswer({ approval, decision }: ApprovalAnswer, at: number): void {
    const known = this.#asked.get(approval.key)
    if (known === undefined) return
    this.#asked.set(approval.key, { approval, answered: new Map([...known.answered, [decision, at]]) })
  }
}

/** The key of an answer's fact: each question is promoted once at most, and rolled back once. */
function answerKey({ approval, decision }: Pick<ApprovalAnswer, 'approval' | 'decision'>): string {
  return `${approval.key}#${decision}`
}

function isOver({ approval, answered }: Asked, now: number): boolean {
  if (answered.has('rollback') || now - Date.parse(approval.askedAt) > keptMs) return true
  const promotedAt = answered.get('promote')
  return promotedAt !== undefined && now - promotedAt > retriedForMs
}

function isAbout({ service, environment, versions }: Approval, deployment: Deployment): boolean {
  if (deployment.service !== service || deployment.environment !== environment) return false
  const { version } = deployment.canary
  return version !== undefined && versions.includes(version)
}
