import type { Signature, Slice } from '../../src/domain/evidence.ts'

/** What a harmless release does to what it logs: the same failures under other words, or with one more line each. */
export type LogChurn = 'reworded' | 'split in two' | 'one line more'

/** The canary of a harmless release that also changed how it logs its known failures. */
export function churned(slices: readonly Slice[], churn: LogChurn): Slice[] {
  return slices.map((slice) => ({
    ...slice,
    canary: { ...slice.canary, signatures: Object.fromEntries(changed(slice.canary.signatures ?? {}, churn)) },
  }))
}

function changed(signatures: Readonly<Record<string, Signature>>, churn: LogChurn): [string, Signature][] {
  return Object.entries(signatures).flatMap(([key, one]): [string, Signature][] => {
    if (!one.isKnown) return [[key, one]]
    const fresh = (name: string, pods: Signature['pods']): [string, Signature] => [
      name,
      { ...one, text: name, isKnown: false, pods },
    ]
    if (churn === 'reworded') return [fresh(`${key}, reworded`, one.pods)]
    if (churn === 'one line more') return [[key, one], fresh(`${key}, explained`, one.pods)]
    const half = (round: (n: number) => number) =>
      Object.fromEntries(Object.entries(one.pods).map(([pod, events]) => [pod, round(events / 2)]))
    return [fresh(`${key}, first half`, half(Math.ceil)), fresh(`${key}, second half`, half(Math.floor))]
  })
}
