import type { RandomSource } from '../accuracy/simulate/random-source.ts'

const verbs = 'accepted booked cached deleted expired fetched granted indexed joined locked'.split(' ')
const nouns = 'order basket session ticket'.split(' ')

function pick(random: RandomSource, from: readonly string[]): string {
  return from[Math.floor(random.uniform() * from.length)] as string
}

function int(random: RandomSource, below: number): number {
  return Math.floor(random.uniform() * below)
}

/** One of 40 statements, with values that hardly come twice. */
export function words(random: RandomSource): string {
  const [noun, verb] = [pick(random, nouns), pick(random, verbs)]
  const took = `${int(random, 900)}.${int(random, 99)} ms`
  return `${noun} ${int(random, 1e9)} ${verb} for customer ${int(random, 1e6)} in ${took} (shard=${int(random, 32)})`
}

/** About 500 characters as services write them that explain themselves. */
export function sentences(random: RandomSource): string {
  const explained =
    'The caller asked for a seat that somebody else had reserved a moment before, so the reservation was not made and ' +
    'the payment that had been authorised for it was released again; nothing was charged, and the customer was told to ' +
    'choose another seat. If this happens often for one train, its map of seats may be out of date in the cache and has ' +
    'to be read again from the store of the operator, which the nightly job does by itself'
  return `${words(random)}. ${explained}, next time at ${int(random, 24)}:${10 + int(random, 49)} for train G${int(random, 9000)}`
}

/** A long line as frameworks print it: pairs of keys and values. */
export function wideLines(random: RandomSource): string {
  const fields = Array.from(
    { length: 24 },
    (_, i) => `field_${String.fromCharCode(97 + i)}=${int(random, 1e8).toString(16)}`,
  )
  return `${pick(random, verbs)} request with ${fields.join(' ')} at /srv/app/releases/current`
}

/** Words that nobody chose: the worst that can be sent. */
export function soup(random: RandomSource): string {
  const letters = () =>
    Array.from({ length: 4 + int(random, 5) }, () => String.fromCharCode(97 + int(random, 26))).join('')
  return Array.from({ length: 8 + int(random, 5) }, letters).join(' ')
}

/** Four hundred characters of marks and half values, each of which asks for a look at what comes after it. */
export function hostile(i: number): string {
  return (['a:', '={', 'a= ', '"\'', 'a.. ', '<1', 'a.', '1-'][i % 8] as string).repeat(400).slice(0, 400 + (i % 40))
}
