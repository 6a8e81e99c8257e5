import { expect, test } from 'vitest'
import { mineTemplates } from '../../../src/judges/log-templates/mine-templates.ts'
import { skeletonHash, templateId } from '../../../src/judges/log-templates/skeleton-hash.ts'
import { TemplateMiner } from '../../../src/judges/log-templates/template-miner.ts'
import { seededRandom } from '../../../src/judges/sequential/seeded-random.ts'
import { inventedLogs } from './invented-logs.ts'

function minerOf(lines: readonly string[], maxSkeletons?: number) {
  const miner = new TemplateMiner(undefined, maxSkeletons)
  for (const line of lines) miner.add(line)
  return miner
}

function name(random: () => number): string {
  return Array.from({ length: 8 }, () => String.fromCharCode(97 + Math.floor(random() * 26))).join('')
}

test('has the same templates line by line as the batch', () => {
  const { lines } = inventedLogs(1, 1500)
  const miner = new TemplateMiner()
  const hashes = lines.map((line) => miner.add(line))
  const batch = mineTemplates(lines)
  expect(hashes.map((hash) => miner.templateOf(hash).text)).toEqual(Array.from(batch.ids, (id) => batch.templates[id]))
  expect(miner.templates().reduce((sum, template) => sum + template.lines, 0)).toBe(lines.length)
})

test('parts that were saved, sent as JSON and merged in any order are what one miner would have found', () => {
  const { lines } = inventedLogs(2, 1600)
  const parts = [0, 1, 2, 3].map((part) => minerOf(lines.filter((_, line) => line % 4 === part)).save())
  const merged = new TemplateMiner()
  for (const part of parts.reverse()) merged.merge(JSON.parse(JSON.stringify(part)))
  const facts = ({ id, text, lines: count }: { id: string; text: string; lines: number }) => ({ id, text, count })
  expect(merged.templates().map(facts)).toEqual(minerOf(lines).templates().map(facts))
})

test('a restored miner goes on as the one that was saved', () => {
  const { lines } = inventedLogs(3, 800)
  const one = minerOf(lines.slice(0, 400), 60)
  const restored = new TemplateMiner(JSON.parse(JSON.stringify(one.save())), 60)
  const rest = lines.slice(400)
  expect(rest.map((line) => restored.add(line))).toEqual(rest.map((line) => one.add(line)))
  expect(restored.save()).toEqual(one.save())
})

test('what was counted before a template became general is found under it afterwards', () => {
  const miner = new TemplateMiner()
  const first = miner.add('queue of amber is empty')
  expect(miner.templateOf(first).text).toBe('queue of amber is empty')
  for (const queue of ['birch', 'cedar', 'dahlia', 'elder']) miner.add(`queue of ${queue} is empty`)
  expect(miner.templateOf(first)).toEqual({
    id: templateId('queue\nof\n<*>\nis\nempty'),
    text: 'queue of <*> is empty',
  })
})

test('a full miner keeps one skeleton for a template and finds new values under it', () => {
  const random = seededRandom(4)
  const lines = Array.from({ length: 2000 }, () => `account ${name(random)} was created by the importer`)
  const miner = new TemplateMiner(undefined, 100)
  const hashes = lines.map((line) => miner.add(line))
  expect(miner.save().skeletons.length).toBeLessThanOrEqual(100)
  expect(miner.templates()).toMatchObject([{ text: 'account <*> was created by the importer', lines: 2000 }])
  expect(miner.templateOf(hashes[0]!).text).toBe('account <*> was created by the importer')
  expect(miner.templateOf(hashes.at(-1)!).text).toBe('account <*> was created by the importer')
})

test('lines without any shape stay bounded, are counted as not learnt, and known templates live on', () => {
  const random = seededRandom(5)
  const miner = new TemplateMiner(undefined, 200)
  for (let i = 0; i < 300; i += 1) miner.add('the disk is full')
  for (let i = 0; i < 3000; i += 1) miner.add(Array.from({ length: 6 }, () => name(random)).join(' '))
  const { skeletons, unlearntLines } = miner.save()
  expect(skeletons.length).toBeLessThanOrEqual(200)
  expect(unlearntLines).toBeGreaterThan(2500)
  expect(miner.add('six words that nobody ever saw')).toBe(0)
  // What has another length is none of that soup, and is learnt.
  expect(miner.templateOf(miner.add('something never seen here')).text).toBe('something never seen here')
  expect(miner.templateOf(0).text).toBe('<*>')
  expect(miner.templateOf(miner.add('the disk is full')).text).toBe('the disk is full')
  expect(miner.templates().reduce((sum, template) => sum + template.lines, 0)).toBe(3303)
})

test('room is made in steps, between which others add lines: none is lost, and the limit holds', () => {
  const random = seededRandom(6)
  const soup = () => Array.from({ length: 6 }, () => name(random)).join(' ')
  const miner = new TemplateMiner(undefined, 1500)
  let [added, steps] = [0, 0]
  for (let i = 0; i < 2000; i += 1) {
    const hash = miner.addInSteps(i % 3 === 0 ? soup() : `account ${name(random)} was created by the importer`)
    added += 1
    if (typeof hash === 'number') continue
    while (hash.next().done !== true) {
      steps += 1
      miner.add(steps % 5 === 0 ? soup() : 'the disk is full')
      added += 1
    }
    expect(miner.save().skeletons.length).toBeLessThanOrEqual(1500)
  }
  expect(steps).toBeGreaterThan(10)
  expect(miner.templates().reduce((sum, template) => sum + template.lines, 0)).toBe(added)
  expect(miner.templates().map(({ text }) => text)).toContain('account <*> was created by the importer')
})

test('counts a line that came more than once', () => {
  const miner = new TemplateMiner()
  miner.add('cache is cold', 7)
  expect(miner.templates()).toMatchObject([{ lines: 7, example: 'cache is cold' }])
})

test('refuses a state of another version', () => {
  const saved = { ...new TemplateMiner().save(), version: 't0' }
  expect(() => new TemplateMiner(saved)).toThrow('expected a state of version t1, got t0')
})

test('skeleton hashes are safe integers above 0 that do not change between releases', () => {
  expect(skeletonHash('queue\nof\n<*>')).toBe(skeletonHash('queue\nof\n<*>'))
  const hashes = Array.from({ length: 20_000 }, (_, i) => skeletonHash(`word ${i}`))
  expect(new Set(hashes).size).toBe(hashes.length)
  expect(hashes.every((hash) => Number.isSafeInteger(hash) && hash > 0)).toBe(true)
  expect(templateId('queue\nof\n<*>')).toMatchInlineSnapshot(`"t1:002ba32c3c2542"`)
})
