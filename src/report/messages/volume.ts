import type { Message } from '../../domain/sink.ts'
import type { ReasonCode, Verdict } from '../../domain/verdict.ts'

/**
 * How loud a verdict is told. `broadcast`: everyone in the channel, and whoever is on call where it is a rollback;
 * `tell`: once, where it belongs; `quiet`: nobody, but an open thread or a status may be edited.
 */
export type Volume = 'broadcast' | 'tell' | 'quiet'

/** What rollouts say on every healthy day. */
const everyday: ReadonlySet<ReasonCode> = new Set(['WARMING_UP', 'UNDERPOWERED', 'SUPERSEDED'])

/** What a person must look at although no harm is shown. */
const calling: ReadonlySet<ReasonCode> = new Set(['SAMPLE_RATIO_MISMATCH', 'TELEMETRY_LOSS', 'DEADLINE'])

/** What a verdict says, for the comparison with what was told before. */
export function sayingOf({ decision, reason, mode }: Verdict): string {
  return `${decision} ${reason.code} ${mode}`
}

/** What a message says; null when it says nothing that could be said twice. */
export function sayingIn(message: Message): string | null {
  if (message.type === 'verdict.changed' || message.type === 'verdict.decided') return sayingOf(message.data)
  return message.type === 'deployment.finished' ? `finished ${message.data.outcome}` : null
}

/**
 * How loud a message is. A test is told. The start is quiet. The end is told where it is not what Davy said last:
 * somebody promoted, rolled back or aborted on their own; that a newer one took over or that nobody asks any more is
 * said by the verdict, if at all.
 */
export function volumeIn(message: Message, told: string | null): Volume {
  switch (message.type) {
    case 'endpoint.test':
      return 'tell'
    case 'deployment.started':
      return 'quiet'
    case 'deployment.finished': {
      const { outcome } = message.data
      const said = told?.split(' ')[0]
      if (outcome === 'promoted') return said === 'promote' ? 'quiet' : 'tell'
      if (outcome === 'rolled-back') return said === 'rollback' ? 'quiet' : 'tell'
      return outcome === 'aborted' ? 'tell' : 'quiet'
    }
    case 'verdict.changed':
    case 'verdict.decided':
      return volumeOf(message.data, told)
  }
}

/**
 * How loud a verdict is. Healthy steps are quiet; only a rollback, a broken split, lost telemetry and what waits for a
 * person are broadcast, and none of a deployment that is only observed, since nothing acts on its verdict.
 * @param told the saying that was told last ({@link sayingOf}), null when none was: the same is told once, so the
 * promotes of later steps and the end of a promoted deployment are quiet.
 */
export function volumeOf(verdict: Verdict, told: string | null): Volume {
  const { decision, reason, mode } = verdict
  if (sayingOf(verdict) === told) return 'quiet'
  if (decision === 'hold' && everyday.has(reason.code)) return 'quiet'
  const isLoud = decision === 'rollback' || (decision === 'hold' && calling.has(reason.code))
  return isLoud && mode === 'enforce' ? 'broadcast' : 'tell'
}
