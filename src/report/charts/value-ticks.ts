/** Round values from 0 to `top`, at most `most` of them besides 0; a step is 1, 2, 2.5 or 5 times a power of ten. */
export function valueTicks(top: number, most = 4): readonly number[] {
  const rough = top / most
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = ([1, 2, 2.5, 5].find((factor) => factor * power >= rough) ?? 10) * power
  const ticks = []
  for (let count = 0; count * step <= top * 1.0001; count++) ticks.push(count * step)
  return ticks
}
