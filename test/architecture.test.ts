import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { describe, expect, it } from 'vitest'

const source = resolve(import.meta.dirname, '../src')

/** What a room may import: other rooms, and packages ('node:' stands for Node's own, '*' for any). */
const rooms: Readonly<Record<string, { readonly rooms: readonly string[]; readonly packages: readonly string[] }>> = {
  domain: { rooms: [], packages: [] },
  stats: { rooms: ['domain'], packages: ['simple-statistics'] },
  platform: { rooms: ['domain'], packages: ['*'] },
  receivers: { rooms: ['domain'], packages: ['fast-xml-parser'] },
  judges: { rooms: ['domain', 'stats'], packages: [] },
  report: { rooms: ['domain', 'stats'], packages: [] },
  storage: { rooms: ['domain', 'stats', 'platform', 'receivers', 'judges', 'report'], packages: ['*'] },
  sources: { rooms: ['domain', 'stats', 'platform', 'receivers', 'judges', 'report'], packages: ['*'] },
  sinks: { rooms: ['domain', 'stats', 'platform', 'receivers', 'judges', 'report'], packages: ['*'] },
  engine: {
    rooms: ['domain', 'stats', 'platform', 'receivers', 'judges', 'report', 'storage', 'sources', 'sinks'],
    packages: ['*'],
  },
  http: {
    rooms: ['domain', 'stats', 'platform', 'receivers', 'judges', 'report', 'storage', 'sources', 'sinks', 'engine'],
    packages: ['*'],
  },
  cli: { rooms: ['domain', 'platform', 'judges', 'report'], packages: ['*'] },
}

const pureRooms = ['domain', 'stats', 'receivers', 'judges', 'report']
const plugInRooms = ['receivers', 'judges', 'sources', 'sinks']
const plugInFolders = ['http/integrations']

type Edge = { readonly from: string; readonly to: string; readonly isLocal: boolean }

function walk(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const path = join(directory, entry.name)
    if (entry.isDirectory()) return walk(path)
    return entry.name.endsWith('.ts') ? [path] : []
  })
}

function edgesOf(file: string): Edge[] {
  const text = readFileSync(file, 'utf8')
  const imports = text.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*'([^']+)'/g)
  return [...imports].map(([, specifier]) => {
    const isLocal = specifier!.startsWith('.')
    return { from: file, to: isLocal ? resolve(dirname(file), specifier!) : specifier!, isLocal }
  })
}

/** The room of a file; '' is the roof: files that lie in src itself. */
function roomOf(file: string): string {
  const [first, second] = relative(source, file).split(sep)
  return second === undefined ? '' : first!
}

const files = walk(source)
const edges = files.flatMap(edgesOf)
const name = (file: string) => relative(source, file)

describe('the house', () => {
  it('was seen: every file, and imports between them', () => {
    expect(files.length).toBe(globSync('**/*.ts', { cwd: source }).length)
    expect(files.length).toBeGreaterThan(100)
    expect(edges.filter((edge) => edge.isLocal).length).toBeGreaterThan(files.length)
  })

  it('has no room that the table of floors does not know', () => {
    const known = [...Object.keys(rooms), 'decisions']
    const there = readdirSync(source, { withFileTypes: true }).filter((entry) => entry.isDirectory())
    expect(there.map((entry) => entry.name).filter((room) => !known.includes(room))).toEqual([])
  })

  it('imports only files that exist', () => {
    expect(edges.filter((edge) => edge.isLocal && !existsSync(edge.to)).map(describeEdge)).toEqual([])
  })

  it('imports down a floor, never up and never sideways', () => {
    const wrong = edges.filter(({ from, to, isLocal }) => {
      const room = roomOf(from)
      if (!isLocal || room === '' || roomOf(to) === room) return false
      return !rooms[room]?.rooms.includes(roomOf(to))
    })
    expect(wrong.map(describeEdge)).toEqual([])
  })

  it('lets pure rooms use no package but their own, and nothing of Node', () => {
    const wrong = edges.filter(({ from, to, isLocal }) => {
      const allowed = rooms[roomOf(from)]?.packages ?? ['*']
      return !isLocal && !allowed.includes('*') && !allowed.includes(to)
    })
    expect(wrong.map(describeEdge)).toEqual([])
  })

  it('has no clock, no chance and no environment in pure rooms', () => {
    const impure =
      /\bDate\.now\(|\bnew Date\(\)|\bMath\.random\(|\bprocess\.(?:env|argv|cwd|hrtime|exit|std)|\bsetTimeout\(|\bawait\b|\bPromise\b/
    const wrong = files.filter((file) => {
      if (!pureRooms.includes(roomOf(file))) return false
      // The ports of domain describe rooms that do IO; their types may name a Promise.
      if (roomOf(file) === 'domain' && /domain\/(storage|sink|metric-source|series-source)\.ts$/.test(file))
        return false
      return impure.test(withoutComments(readFileSync(file, 'utf8')))
    })
    expect(wrong.map(name)).toEqual([])
  })

  it('has no circle of imports', () => {
    expect(circles()).toEqual([])
  })

  it('has an index only where plug-ins are registered', () => {
    const registers = plugInFolders.map((folder) => join(source, folder, 'index.ts'))
    const wrong = files.filter(
      (file) => file.endsWith(`${sep}index.ts`) && !plugInRooms.includes(roomOf(file)) && !registers.includes(file),
    )
    expect(wrong.map(name)).toEqual([])
  })

  it('knows chDB in one file', () => {
    const knowing = edges.filter((edge) => edge.to === 'chdb' || edge.to.startsWith('chdb/'))
    expect(knowing.map(({ from }) => name(from))).toEqual(['storage/embedded.ts'])
  })

  it('has a README in every room that has files', () => {
    const inhabited = new Set(files.map(roomOf).filter((room) => room !== '' && room !== 'domain'))
    expect([...inhabited].filter((room) => !existsSync(join(source, room, 'README.md')))).toEqual([])
  })

  it('has no drawer for everything', () => {
    const drawers = /(^|\/)([a-z-]*-)?(helpers?|utils?|common|misc|shared|manager)(\.ts|\/|$)/
    expect(files.map(name).filter((file) => drawers.test(file))).toEqual([])
  })
})

function describeEdge({ from, to, isLocal }: Edge): string {
  return `${name(from)} -> ${isLocal ? name(to) : to}`
}

function withoutComments(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\//g, '').replaceAll(/\/\/.*$/gm, '')
}

function circles(): string[] {
  const targets = new Map<string, string[]>()
  for (const { from, to, isLocal } of edges) {
    if (isLocal) targets.set(from, [...(targets.get(from) ?? []), to])
  }
  const done = new Set<string>()
  const found: string[] = []
  const visit = (file: string, path: readonly string[]): void => {
    if (path.includes(file)) {
      found.push([...path.slice(path.indexOf(file)), file].map(name).join(' -> '))
      return
    }
    if (done.has(file)) return
    for (const target of targets.get(file) ?? []) visit(target, [...path, file])
    done.add(file)
  }
  for (const file of files) visit(file, [])
  return found
}
