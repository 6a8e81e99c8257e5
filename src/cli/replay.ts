import type { Command } from 'commander'
import { judges } from '../judges/index.ts'
import { type LookDifference, replayLooks } from '../judges/verdict/replay-looks.ts'
import { derivedId } from '../platform/ids.ts'
import { CommandEnd } from './command-end.ts'
import { type EvidenceBundle, readEvidence } from './evidence-bundle.ts'
import { nameOfInput, readInput, unusable } from './read-input.ts'
import { oneLine, type Terminal } from './terminal.ts'

/** More lines than this nobody reads; --json has them all. */
const shownDifferences = 100
const shownCharacters = 120

const help = `
The bundle is what GET /api/v1/deployments/{id}/evidence answers. Its slices are folded through the judge once more, and
each look's verdict is compared with the one on record, to the byte. No server is asked.

Exit codes:
  0  every look is the same
  1  at least one differs
  2  the bundle cannot be used, or the command was used wrongly`

/** `davy replay`: whether the evidence still gives the verdicts. @param version of this engine. */
export function addReplay(program: Command, terminal: Terminal, version: string): void {
  program
    .command('replay')
    .description('compute the verdicts of a bundle of evidence again and compare; no server is asked')
    .argument('<bundle>', 'a file, or - for the standard input')
    .option('--json', 'print {deploymentId, engine, looks, same, differing, differences}')
    .addHelpText('after', help)
    .action((file: string, { json }: { json?: true }) => {
      const what = nameOfInput(file)
      const { bundle, differences } = unusable(what, () => {
        const read = readEvidence(readInput(terminal, file), what)
        return { bundle: read, differences: replayed(read) }
      })
      const engines = { recorded: enginesOf(bundle), replayed: `davy/${version}` }
      terminal.write(json ? document(bundle, engines, differences) : told(bundle, engines, differences))
      if (differences.length > 0) throw new CommandEnd(1, '')
    })
}

type Engines = { readonly recorded: readonly string[]; readonly replayed: string }

function replayed({ states, looks }: EvidenceBundle): LookDifference[] {
  const id = states[0]!.id
  return replayLooks({ states, looks, judge: judges.sequential, idOf: (at, look) => derivedId(at, id, String(look)) })
}

/** Who made the verdicts; who put them into a bundle does not matter. */
function enginesOf({ looks }: EvidenceBundle): readonly string[] {
  return [...new Set(looks.map(({ verdict }) => verdict.engine))]
}

function document({ states, looks }: EvidenceBundle, engine: Engines, differences: readonly LookDifference[]): string {
  const differing = new Set(differences.map(({ look }) => look)).size
  const body = {
    deploymentId: states[0]!.id,
    engine,
    looks: looks.length,
    same: differing === 0,
    differing,
    differences,
  }
  return `${JSON.stringify(body, null, 2)}\n`
}

function told({ states, looks }: EvidenceBundle, engine: Engines, differences: readonly LookDifference[]): string {
  const lines = differences.slice(0, shownDifferences).map((one) => `look ${one.look}  ${differenceWords(one)}`)
  const more = differences.length - lines.length
  if (more > 0) lines.push(`… and ${more} more; --json has them all`)
  if (engine.recorded.some((each) => each !== engine.replayed)) {
    lines.push(`recorded by ${engine.recorded.join(', ')}, replayed by ${engine.replayed}: the engine differs`)
  }
  const [first] = differences
  const count = `${looks.length} ${looks.length === 1 ? 'look' : 'looks'}`
  const differing = new Set(differences.map(({ look }) => look)).size
  const result =
    first === undefined
      ? `${count}, all the same`
      : `${differing} of ${count} differ, first look ${first.look}: ${differenceWords(first)}`
  const { id, service } = states[0]!
  return `${[...lines, `${service} ${id}: ${result}`].map(oneLine).join('\n')}\n`
}

function differenceWords({ pointer, recorded, computed }: LookDifference): string {
  return `${pointer === '' ? 'the order of keys' : pointer}: recorded ${shown(recorded)}, computed ${shown(computed)}`
}

function shown(value: unknown): string {
  if (value === undefined) return 'nothing'
  const text = JSON.stringify(value)
  return text.length > shownCharacters ? `${text.slice(0, shownCharacters)}…` : text
}
