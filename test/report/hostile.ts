import fc from 'fast-check'
import type { Explanation } from '../../src/domain/explanation.ts'
import type { FleetInput, ReportInput } from '../../src/report/report-input.ts'

const pieces = [
  '<',
  '>',
  '"',
  "'",
  '&',
  '`',
  '=',
  '/',
  ' ',
  'onload',
  '<script>',
  '</title>',
  '-->',
  '${',
  '{',
  '\u0000',
  '\u202e',
  '\n',
  'é',
  '💥',
  'a',
  '|',
  '[',
  '](',
  '*',
  '_',
  '@here',
  '#1',
  '://',
  '&lt;',
]

/** Text made of what breaks out of markup. */
export const hostileText = fc
  .array(fc.constantFrom(...pieces), { minLength: 1, maxLength: 12 })
  .map((parts) => parts.join(''))

/** The same number of characters, harmless. */
export function harmless(text: string): string {
  return 'x'.repeat([...text].length)
}

/** An explanation in which every text that comes from outside is `text`. */
function explanationWith(explanation: Explanation, text: string): Explanation {
  const { place, attributes, signals = [], edges, errorTypes, suspects } = explanation
  return {
    ...explanation,
    deploymentId: text,
    place: { ...place, place: text, summary: text },
    attributes: attributes.map((each) => ({
      ...{ ...each, attribute: text, value: text },
      ...(each.metric === undefined ? {} : { metric: text }),
    })),
    signals: signals.map((look) => ({
      ...look,
      ...(look.metrics === undefined ? {} : { metrics: [text] }),
      leftOut: look.leftOut.map((left) => ({ ...left, names: left.names.map(() => text) })),
    })),
    edges: edges.map((each) => ({ ...each, edge: text })),
    errorTypes: errorTypes.map((each) => ({ ...each, errorType: text })),
    suspects: suspects.map((each) => ({ ...each, deploymentId: text, service: text, version: text, strategy: text })),
  }
}

/** A report in which every text that comes from outside is `text`. */
export function withText(input: ReportInput, text: string): ReportInput {
  const { deployment, verdict, calibration, explanation } = input
  const version = { version: text }
  const unit = { namespace: text, service: text, environment: text }
  const metrics = verdict.metrics.map((metric) => ({
    ...metric,
    name: text,
    group: text,
    where: metric.where.map((where) => ({ ...where, attribute: text, value: text })),
  }))
  return {
    ...input,
    deployment: {
      ...deployment,
      ...unit,
      id: text,
      canary: version,
      baseline: version,
      supersededBy: text,
      template: { ...deployment.template, name: text },
      override: { at: '2026-11-21T10:10:00Z', decision: 'hold', reason: text, by: text },
    },
    verdict: {
      ...verdict,
      ...unit,
      metrics,
      baseline: version,
      canary: version,
      reason: { ...verdict.reason, summary: text, detail: text },
      template: { name: text, digest: text },
      engine: text,
      reportUrl: text,
    },
    looks: input.looks.map((look) => ({ ...look, metrics: look.metrics.map((metric) => ({ ...metric, name: text })) })),
    ...(input.checks === undefined
      ? {}
      : { checks: input.checks.map((check) => ({ ...check, name: text, summary: text })) }),
    ...(explanation == null ? {} : { explanation: explanationWith(explanation, text) }),
    deliveries: input.deliveries.map((delivery) => ({ ...delivery, endpoint: text, outcome: text })),
    calibration:
      calibration?.measure == null
        ? calibration
        : { ...calibration, measure: { ...calibration.measure, version: text, reasons: { latency: text } } },
  }
}

/** A fleet of these reports. */
export function fleetOf(inputs: readonly ReportInput[], now: number): FleetInput {
  return { deployments: inputs.map(({ deployment, verdict }) => ({ deployment, verdict })), now }
}
