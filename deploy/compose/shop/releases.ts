/** One release of the shop's checkout: how long before it nothing changes, how long it has half of the traffic. */
export type Release = {
  readonly version: string
  /** false: it is taken back afterwards. */
  readonly keep: boolean
  readonly beforeSeconds: number
  readonly seconds: number
}

/**
 * Releases that fill `daySeconds`: first the one that forgot to round, which is taken back, then good ones. Every version
 * comes once: Davy opens a deployment by itself only for one that it has never seen.
 */
export function releases(daySeconds: number): readonly Release[] {
  const bad: Release = { version: '2.0.1', keep: false, beforeSeconds: 180, seconds: 300 }
  const plan = [bad]
  let used = bad.beforeSeconds + bad.seconds
  for (let patch = 2; ; patch++) {
    const next: Release = { version: `2.0.${patch}`, keep: true, beforeSeconds: 900, seconds: 600 }
    used += next.beforeSeconds + next.seconds
    if (used > daySeconds) return plan
    plan.push(next)
  }
}
