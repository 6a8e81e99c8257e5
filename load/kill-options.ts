import { parseArgs } from 'node:util'

/**
 * `--kills N --seed S` of a run that is killed at random points.
 * @throws Error that says what was expected.
 */
export function killOptions(killsByDefault: number): { readonly kills: number; readonly seed: number } {
  const { values } = parseArgs({
    options: {
      kills: { type: 'string', default: String(killsByDefault) },
      seed: { type: 'string', default: '20261121' },
    },
  })
  const kills = Number(values.kills)
  const seed = Number(values.seed)
  if (!Number.isInteger(kills) || kills < 1)
    throw new Error(`--kills: expected a whole number of at least 1, got ${values.kills}`)
  if (!Number.isInteger(seed)) throw new Error(`--seed: expected a whole number, got ${values.seed}`)
  return { kills, seed }
}
