import type { MetricSpec } from '../../../domain/template.ts'
import { awsAlb } from './aws-alb.ts'
import { go } from './go.ts'
import { istio } from './istio.ts'
import { jvm } from './jvm.ts'
import { kubernetes } from './kubernetes.ts'
import { linkerd } from './linkerd.ts'
import { nginxIngress } from './nginx-ingress.ts'
import { node } from './node.ts'
import type { Pack } from './pack.ts'
import { traefik } from './traefik.ts'

/** Every pack. A new one is a file and a line here. */
export const packs: readonly Pack[] = [istio, linkerd, nginxIngress, traefik, awsAlb, kubernetes, node, jvm, go]

/** The metrics of a pack as a template has them; undefined: there is no such pack. */
export function packMetrics(name: string): readonly MetricSpec[] | undefined {
  const pack = packs.find((each) => each.name === name)
  return pack?.metrics.map((metric) => ({ ...metric, source: 'prometheus', direction: 'increase' }))
}
