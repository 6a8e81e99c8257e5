import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import type { Sent } from './sent.ts'
import { type Attribute, type Telemetry, telemetry } from './telemetry.ts'
import { tool } from './tools.ts'

export type Sdk = 'node' | 'python' | 'go'
export type Protocol = 'http/json' | 'http/protobuf' | 'grpc'

/** One run of a client: what it was told to send, and what it printed. */
export type Run = { readonly telemetry: Telemetry; readonly sent: Sent }

/**
 * Runs a program to its end.
 * @throws Error with what it wrote when it does not end with 0.
 */
export async function run(
  path: string,
  options: readonly string[],
  input = '',
  env: Readonly<Record<string, string>> = {},
): Promise<{ readonly stdout: string; readonly stderr: string }> {
  const child = spawn(path, options, { env: { PATH: process.env.PATH, ...env }, stdio: ['pipe', 'pipe', 'pipe'] })
  const code = new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve))
  // Who ends before having read it all says why by its exit code.
  child.stdin.on('error', () => {}).end(input)
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)])
  if ((await code) !== 0) throw new Error(`${path} ${options.join(' ')} ended with ${await code}: ${stderr}${stdout}`)
  return { stdout, stderr }
}

function commandOf(sdk: Sdk): readonly string[] {
  if (sdk === 'go') return [tool('bin/go-client')]
  if (sdk === 'node') return [process.execPath, fileURLToPath(new URL('node-client.ts', import.meta.url))]
  return [tool('python/bin/python'), join(import.meta.dirname, 'python/client.py')]
}

/** What an SDK can send: JavaScript's numbers end at 2^53, and only Go's spans have attributes of any shape. */
function within(sdk: Sdk, all: Telemetry): Telemetry {
  const isSendable = (one: Attribute) =>
    !(sdk === 'node' && one.isBeyondDouble === true) && !(sdk !== 'go' && one.isStructured === true)
  const keep = (list: readonly Attribute[]) => list.filter(isSendable)
  return {
    ...all,
    resource: keep(all.resource),
    spans: all.spans.map((span) => ({
      ...span,
      attributes: keep(span.attributes),
      events: span.events.map((event) => ({ ...event, attributes: keep(event.attributes) })),
    })),
    logs: all.logs.filter(({ body }) => isSendable(body)).map((log) => ({ ...log, attributes: keep(log.attributes) })),
  }
}

/**
 * Lets an SDK send the distinctive set to `endpoint`.
 * @param env variables of the SDK, such as its compression.
 * @param change of what is sent.
 */
export async function runClient(
  sdk: Sdk,
  protocol: Protocol,
  endpoint: string,
  service: string,
  env: Readonly<Record<string, string>> = {},
  change: (all: Telemetry) => Telemetry = (all) => all,
): Promise<Run> {
  const told = within(sdk, change(telemetry(service, Date.now())))
  const [path, ...options] = commandOf(sdk)
  const { stdout, stderr } = await run(path!, [...options, protocol, endpoint], JSON.stringify(told), env)
  const printed = JSON.parse(stdout) as Sent
  const spoken = stderr.split('\n').filter((line) => line !== '')
  return { telemetry: told, sent: { ...printed, errors: [...(printed.errors ?? []), ...spoken] } }
}
