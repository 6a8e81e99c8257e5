import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { copyDirectory } from '../../src/storage/copy-directory.ts'
import { temporaryDirectory } from './opened.ts'

let directory: string
let remove: () => void
let from: string
let to: string

beforeEach(() => {
  ;[directory, remove] = temporaryDirectory()
  ;[from, to] = [join(directory, 'from'), join(directory, 'to')]
  mkdirSync(join(from, 'store/part'), { recursive: true })
  mkdirSync(join(from, 'empty'))
  writeFileSync(join(from, 'store/part/data.bin'), 'x'.repeat(1000))
  writeFileSync(join(from, 'a'), 'aa')
  symlinkSync('store/part', join(from, 'link'))
})
afterEach(() => remove())

const nothing = () => undefined

test('files, empty directories and links come along, sockets do not', async () => {
  const server = createServer()
  await new Promise<void>((listening) => server.listen(join(from, 'lock'), listening))
  const told: number[][] = []
  expect(await copyDirectory(from, to, (...bytes) => void told.push(bytes))).toEqual({ files: 2, bytes: 1002 })
  server.close()
  expect(told).toEqual([
    [2, 1002],
    [1002, 1002],
  ])
  expect(['', 'store', 'store/part', 'empty'].map((folder) => readdirSync(join(to, folder)).sort())).toEqual([
    ['a', 'empty', 'link', 'store'],
    ['part'],
    ['data.bin'],
    [],
  ])
  expect(readlinkSync(join(to, 'link'))).toBe('store/part')
  expect(readFileSync(join(to, 'link/data.bin'), 'utf8')).toBe('x'.repeat(1000))
  expect(readdirSync(directory).sort()).toEqual(['from', 'to'])
})

test('what is written to meanwhile leaves no copy', async () => {
  const grow = () => appendFileSync(join(from, 'a'), 'a')
  await expect(copyDirectory(from, to, grow)).rejects.toThrow('something wrote')
  expect(readdirSync(directory)).toEqual(['from'])
})

test('a link out of the directory is refused', async () => {
  symlinkSync(directory, join(from, 'store/out'))
  await expect(copyDirectory(from, to, nothing)).rejects.toThrow('out of the directory')
  expect(existsSync(to)).toBe(false)
})

test('what came to be under its name meanwhile stays', async () => {
  const come = () => {
    mkdirSync(to, { recursive: true })
    writeFileSync(join(to, 'mine'), '')
  }
  await expect(copyDirectory(from, to, come)).rejects.toThrow('ENOTEMPTY')
  expect(readdirSync(to)).toEqual(['mine'])
  expect(readdirSync(directory).sort()).toEqual(['from', 'to'])
})
