/** One version's processes and its share of the traffic; weights need not sum to anything in particular. */
export type RouterArm = { readonly version: string; readonly weight: number; readonly origins: readonly string[] }

export type Router = {
  /** Replaces all arms at once. */
  setArms(arms: readonly RouterArm[]): void
  /** The origin that gets the next request, or null when no arm takes traffic. */
  next(): string | null
}

/** Splits traffic by weight between versions, and round robin among a version's processes. */
export function createRouter(random: () => number): Router {
  let arms: readonly RouterArm[] = []
  const turns = new Map<string, number>()

  function pickArm(): RouterArm | undefined {
    let point = random() * arms.reduce((sum, arm) => sum + arm.weight, 0)
    for (const arm of arms) {
      point -= arm.weight
      if (point < 0) return arm
    }
    return undefined
  }

  return {
    setArms(next) {
      arms = next.filter((arm) => arm.weight > 0 && arm.origins.length > 0)
    },
    next() {
      const arm = pickArm()
      if (arm === undefined) return null
      const turn = turns.get(arm.version) ?? 0
      turns.set(arm.version, turn + 1)
      return arm.origins[turn % arm.origins.length] ?? null
    },
  }
}
