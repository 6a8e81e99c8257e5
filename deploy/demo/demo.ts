import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { parse } from 'yaml'
import { type Console, createConsole } from './console.ts'
import { type Davy, startDavy } from './davy.ts'
import { createProcesses, type Processes } from './processes.ts'
import { rollOut } from './rollout.ts'
import { requestsPerSecond, type Shop, startShop } from './shop-fleet.ts'
import { storyFaults } from './verdict-lines.ts'

const stable = '2.0.0'
const historySeconds = 35
const onceStorySeconds = 275
const onceHardSeconds = 290
/** The load stops by itself: nobody's disk is filled by a forgotten terminal. */
const loadSeconds = 1800

class Interrupted extends Error {
  override readonly name = 'Interrupted'
}

async function ordinaryTraffic(shop: Shop, out: Console, signal: AbortSignal): Promise<void> {
  for (let second = 0; second < historySeconds; second++) {
    const load = shop.load()
    const counts = load === null ? '' : `, ${load.sent} requests sent, ${load.failed} failed`
    out.progress(`  ordinary traffic, ${historySeconds - second} s to go${counts}`)
    await sleep(1000, undefined, { signal })
  }
  const load = shop.load()
  if (load === null || load.ok === 0) {
    throw new Error(`the shop does not answer: expected successful requests, got none. Its log is ${shop.logFile}`)
  }
  out.print(`  ${load.sent} requests sent, ${load.failed} failed`)
}

async function tellStory(
  processes: Processes,
  folder: string,
  out: Console,
  signal: AbortSignal,
): Promise<{ faults: string[]; davy: Davy; shop: Shop }> {
  const startedAt = performance.now()
  const heading = (text: string) => out.print(`\n${out.paint('bold', text)}`)

  heading('Davy on embedded ClickHouse')
  const davy = await startDavy(processes, folder, out, signal)
  out.print(`  ready after ${Math.round((performance.now() - startedAt) / 1000)} s: ${davy.origin}`)
  const template = parse(readFileSync(new URL('./template.yaml', import.meta.url), 'utf8')) as { name: string }
  await davy.client.putTemplate(template.name, template, signal)
  out.print(`  template ${template.name}: ${davy.origin}/api/v1/templates/${template.name}`)

  heading(`A shop: gateway, 3 x checkout ${stable}, payments`)
  const shop = await startShop(processes, folder, davy.otlpOrigin, signal)
  await shop.startVersion(stable)
  await shop.split({ [stable]: 100 })
  await shop.startLoad(loadSeconds)
  out.print(
    `  ${requestsPerSecond} requests/s to ${shop.origin}; about 2% are declined cards, which this shop counts as errors`,
  )
  await ordinaryTraffic(shop, out, signal)

  heading('Release 2.0.1: somebody forgot to round, so some payments fail')
  const bad = await rollOut(
    shop,
    davy,
    { stable, version: '2.0.1', template: template.name, limitSeconds: 110 },
    out,
    signal,
  )
  const afterBad = bad?.decision === 'promote' ? '2.0.1' : stable

  heading('Release 2.0.2: the same with rounding')
  const good = await rollOut(
    shop,
    davy,
    { stable: afterBad, version: '2.0.2', template: template.name, limitSeconds: 150 },
    out,
    signal,
  )
  return { faults: storyFaults(bad, good), davy, shop }
}

/** Tells the story and, unless `once`, leaves everything open until it is interrupted; resolves to the exit code. */
async function perform(
  once: boolean,
  processes: Processes,
  folder: string,
  out: Console,
  signal: AbortSignal,
): Promise<number> {
  const { faults, davy, shop } = await tellStory(processes, folder, out, signal)
  out.print()
  for (const fault of faults) out.print(out.paint('red', `wrong: ${fault}`))
  if (faults.length === 0) out.print('Both verdicts are right.')
  if (!once) {
    out.print(`Davy: ${davy.origin}   shop: ${shop.origin}/cart (under load for up to ${loadSeconds / 60} minutes)`)
    out.print('Ctrl-C stops everything.')
    signal.throwIfAborted()
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
    if (!(signal.reason instanceof Interrupted)) throw signal.reason
  }
  return faults.length === 0 ? 0 : 1
}

function limitTime(story: AbortController): void {
  const tooLong = new Error(
    `not done after ${onceStorySeconds} s. Is the machine busy with something else? Try it again`,
  )
  setTimeout(() => story.abort(tooLong), onceStorySeconds * 1000).unref()
  const giveUp = () => {
    console.error(`still not stopped after ${onceHardSeconds} s`)
    process.exit(1)
  }
  setTimeout(giveUp, onceHardSeconds * 1000).unref()
}

/** Runs the demo and takes everything down again, however it ends; resolves to the exit code. */
async function main(once: boolean, out: Console): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'davy-demo-'))
  const story = new AbortController()
  const processes = createProcesses((error) => story.abort(error))
  const interrupt = () => {
    // The second Ctrl-C does not wait: every process of the demo ends when this one does.
    if (story.signal.aborted) process.exit(130)
    story.abort(new Interrupted('interrupted'))
  }
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, interrupt)
  if (once) limitTime(story)

  let exitCode: number
  try {
    exitCode = await perform(once, processes, folder, out, story.signal)
  } catch (error) {
    const reason: unknown = story.signal.aborted ? story.signal.reason : error
    exitCode = reason instanceof Interrupted ? 130 : 1
    if (exitCode === 1) out.print(out.paint('red', `\nfailed: ${reason instanceof Error ? reason.message : reason}`))
  }

  out.progress('stopping the load, the shop and Davy')
  await processes.stopAll()
  const keep = exitCode === 1
  if (!keep) rmSync(folder, { recursive: true, force: true })
  out.print(keep ? `Everything is stopped. Logs and data are kept in ${folder}` : 'Everything is stopped.')
  return exitCode
}

const out = createConsole(process.stdout, process.env.NO_COLOR, () => performance.now())
try {
  const { values } = parseArgs({ options: { once: { type: 'boolean', default: false } } })
  process.exitCode = await main(values.once, out)
} catch (error) {
  console.error(`${error instanceof Error ? error.message : error}\nUsage: npm run demo [-- --once]`)
  process.exitCode = 2
}
