import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { buffer, text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { DavyError } from '../../domain/errors.ts'
import type { seriesJudges } from '../../judges/index.ts'
import { Semaphore } from '../../platform/semaphore.ts'
import { judgementFaultCode } from './judgement-fault-code.ts'
import type { JudgementFault } from './judgement-process.ts'

/** A judge's name, and what it is asked as JSON. */
export type JudgementTask = { readonly judge: keyof typeof seriesJudges; readonly body: Uint8Array }

/** A body of 16 MiB becomes some hundred megabytes of objects. */
const usualMemoryMb = 768

/** Whose series take longer is better served by the command line, which has no limit. */
const patienceMs = 30_000

/** So many wait for their turn; each holds a body. */
const mostWaiting = 8

/** The sources run as they are, the package runs what was built of them. */
const program = new URL(`./judgement-process${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url)

/**
 * Judges series, one at a time, so that looks, gates and ingest go on meanwhile: a body is parsed, checked and judged
 * elsewhere, and only bytes go to and fro. Elsewhere is a process and no thread, because a thread that runs out of its
 * memory inside one call, as in `JSON.parse`, takes the whole process with it.
 */
export class Judgements {
  readonly #turn = new Semaphore(1)
  readonly #memoryMb: number
  #inside = 0

  /** @param memoryMb that a judgement may take. */
  constructor(memoryMb: number = usualMemoryMb) {
    this.#memoryMb = memoryMb
  }

  /**
   * @returns the answer `{judge, judgement}` as JSON.
   * @throws DavyError VALIDATION and UNPROCESSABLE for the body, OVERLOADED when too many wait; the signal's reason.
   */
  judge({ judge, body }: JudgementTask, signal: AbortSignal): Promise<Uint8Array> {
    return this.judgeComing(judge, async () => body, signal)
  }

  /**
   * As `judge`, for a body that is still to come: `receive` is called only when there is a place for it.
   * @throws DavyError as `judge`, and whatever `receive` throws.
   */
  async judgeComing(
    judge: JudgementTask['judge'],
    receive: () => Promise<Uint8Array>,
    signal: AbortSignal,
  ): Promise<Uint8Array> {
    if (this.#inside > mostWaiting) {
      throw new DavyError('OVERLOADED', 'Too many judgements are being waited for.', {
        ...{ expected: `at most ${mostWaiting + 1} at a time`, retryAfterSeconds: 5 },
      })
    }
    this.#inside += 1
    try {
      const body = await receive()
      return await this.#turn.run(() => inProcess({ judge, body }, this.#memoryMb, signal))
    } finally {
      this.#inside -= 1
    }
  }
}

async function inProcess({ judge, body }: JudgementTask, memoryMb: number, signal: AbortSignal): Promise<Uint8Array> {
  signal.throwIfAborted()
  const patience = AbortSignal.timeout(patienceMs)
  const args = [`--max-old-space-size=${memoryMb}`, fileURLToPath(program), judge]
  // It needs nothing of this environment, which may hold secrets.
  const child = spawn(process.execPath, args, {
    ...{ env: {}, stdio: 'pipe', killSignal: 'SIGKILL', signal: AbortSignal.any([signal, patience]) },
  })
  // One that ended early does not read on; its exit says why.
  child.stdin.on('error', () => undefined)
  child.stdin.end(body)
  const closed = once(child, 'close') as Promise<[code: number | null]>
  try {
    const [output, complaint, [code]] = await Promise.all([buffer(child.stdout), text(child.stderr), closed])
    if (code === 0) return output
    if (code === judgementFaultCode) throw faultOf(output)
    // V8 aborts where its heap ends, the operating system kills where the machine's memory does.
    if (code === null && (child.signalCode === 'SIGKILL' || complaint.includes('heap')))
      throw tooMuch(`more than ${memoryMb} MiB of memory`)
    throw new Error(
      `the process that judges ${judge} ended with ${code ?? child.signalCode}: ${complaint.slice(-2000)}`,
    )
  } catch (error) {
    signal.throwIfAborted()
    throw patience.aborted ? tooMuch(`more than ${patienceMs / 1000} s of work`) : error
  }
}

function faultOf(output: Buffer): DavyError {
  const { code, detail, ...fields } = JSON.parse(output.toString('utf8')) as JudgementFault
  return new DavyError(code, detail, fields)
}

function tooMuch(got: string): DavyError {
  return new DavyError('UNPROCESSABLE', 'These series are too much for one request.', {
    ...{ expected: 'less of them, or `davy analyse`, which has no such limit', got, where: 'body' },
  })
}
