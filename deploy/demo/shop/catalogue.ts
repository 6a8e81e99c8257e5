/** What the shop sells, by price in whole units of money. Every item is bought equally often. */
export const prices: readonly number[] = [
  3.25, 4.35, 5.49, 7.5, 8.95, 9.95, 9.99, 12, 14.9, 16.9, 17.99, 19.99, 22.75, 24.5, 29.99, 33.95, 34.99, 35.95, 39,
  44.99, 49.95, 64.99, 69.99,
]

/**
 * A price in cents, as the checkout of that version computes it. Release 2.0.1 forgot to round: `19.99 * 100` is
 * 1998.9999999999998 in binary floating point, and so for 10 of the 23 prices.
 */
export function centsOf(price: number, version: string): number {
  return version === '2.0.1' ? price * 100 : Math.round(price * 100)
}
