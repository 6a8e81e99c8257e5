import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { seeded } from '../../test/receivers/otlp/mutate.ts'
import { machine } from '../accuracy/simulate/machine.ts'
import { startDavy } from '../ingest/start-davy.ts'
import { killOptions } from '../kill-options.ts'
import { findingsOf } from './findings.ts'
import { type Receiver, receive } from './receive.ts'
import { call, openDeployments, Turns } from './rollouts.ts'

/*
 * kill -9 while deliveries are under way: `npm run test:kill:deliveries -- --kills 20 --seed 1`. Then every verdict on
 * record is looked for among what a receiver took. Ends with 1 when one is missing, one came that nobody wrote, or one
 * came with two contents.
 */

const { kills, seed } = killOptions(20)

const deployments = 6
const shortestLifeMs = 1500
const longestLifeMs = 5000
const longestAnswerMs = 150
const shareRefused = 0.2
/** It is the source of the events: with the free port of each start in it, a repeated message would have other bytes. */
const steady = { DAVY_PUBLIC_URL: 'http://davy.example' }

/** A receiver that takes its time and refuses some, so that a kill meets deliveries in every state. */
function slowReceiver(random: () => number): Promise<Receiver> {
  return receive(async (response) => {
    await sleep(random() * longestAnswerMs)
    const isAccepted = random() >= shareRefused
    response.writeHead(isAccepted ? 204 : 503).end()
    return isAccepted
  })
}

/** One life: verdicts change as fast as Davy takes them, until the kill. */
async function round(
  directory: string,
  random: () => number,
  ids: () => Promise<readonly string[]>,
  turns: Turns,
  use: (url: string) => void,
) {
  const davy = await startDavy(directory, steady)
  use(davy.url)
  const own = await ids()
  const end = Date.now() + shortestLifeMs + random() * (longestLifeMs - shortestLifeMs)
  const changing = own.map(async (id) => {
    while (Date.now() < end) {
      try {
        await turns.turn(id)
      } catch {
        return
      }
    }
  })
  await sleep(Math.max(0, end - Date.now()))
  await davy.kill()
  await Promise.all(changing)
}

/** Waits until nothing waits, and stops as an operator would. */
async function settle(directory: string): Promise<void> {
  const davy = await startDavy(directory, steady)
  for (let quiet = 0; quiet < 5; ) {
    const text = await (await fetch(`${davy.url}/metrics`)).text()
    quiet = /^davy_webhook_pending 0$/m.test(text) ? quiet + 1 : 0
    await sleep(500)
  }
  await davy.stop()
}

async function main(): Promise<void> {
  const random = seeded(seed)
  const directory = mkdtempSync(join(tmpdir(), 'davy-kill-deliveries-'))
  const receiver = await slowReceiver(random)
  let url = ''
  let opened: readonly string[] = []
  let since = ''
  const turns = new Turns(() => url)
  const ids = async () => {
    if (opened.length > 0) return opened
    opened = await openDeployments(url, deployments)
    // The first verdicts, which come by themselves, are of the endpoint's past.
    await sleep(3000)
    since = (await call<{ createdAt: string }>(url, 'POST', '/api/v1/endpoints', { url: receiver.url })).createdAt
    return opened
  }
  try {
    for (let index = 1; index <= kills; index += 1) {
      await round(directory, random, ids, turns, (current) => {
        url = current
      })
      process.stderr.write(`kill ${index} of ${kills}: ${receiver.calls.length} calls so far\n`)
    }
    await settle(directory)
    const { verdicts, calls, missing, unknown, altered, twice } = await findingsOf(directory, receiver.calls, since)
    console.log(`${machine()}, ${new Date().toISOString().slice(0, 10)}, ${kills} kills, seed ${seed}`)
    console.log(`${verdicts} verdicts, ${calls} calls, ${twice} taken twice with the same id and the same bytes`)
    console.log(`missing ${missing.length}, of no verdict ${unknown.length}, with two contents ${altered.length}`)
    for (const id of [...missing, ...unknown, ...altered].slice(0, 20)) console.log(id)
    process.exitCode = verdicts > 0 && missing.length + unknown.length + altered.length === 0 ? 0 : 1
  } finally {
    await receiver.close()
    rmSync(directory, { recursive: true, force: true })
  }
}

await main()
