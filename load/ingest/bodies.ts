import { mkdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { gzipSync } from 'node:zlib'
import { itemsPerBody, otlpBody, signals } from './otlp-bodies.ts'

const usage = `usage: node load/ingest/bodies.ts --out DIRECTORY [--bodies N]
  writes N (default 24) gzip OTLP bodies of each signal with the time of now, and manifest.json, for load/ingest.ts`

function main(): void {
  const { values } = parseArgs({ options: { out: { type: 'string' }, bodies: { type: 'string' } } })
  const count = Number(values.bodies ?? 24)
  if (values.out === undefined || !Number.isInteger(count) || count < 1) {
    throw new Error(`expected --out and a whole number of --bodies\n${usage}`)
  }
  const directory = resolve(values.out)
  mkdirSync(directory, { recursive: true })
  const madeAt = Date.now()
  for (const signal of signals) {
    for (let i = 0; i < count; i++) {
      const body = otlpBody(signal, madeAt, Math.random)
      writeFileSync(join(directory, `${signal}-${i}.pb.gz`), gzipSync(body))
    }
  }
  writeFileSync(join(directory, 'manifest.json'), JSON.stringify({ madeAt, count, itemsPerBody }))
  console.log(`${count * signals.length} bodies of ${itemsPerBody} items are in ${directory}`)
}

main()
