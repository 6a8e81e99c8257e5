import { expect, test } from 'vitest'
import {
  findToken,
  hashToken,
  mayUse,
  newToken,
  parseTokens,
  presentedToken,
  readTokens,
  roles,
} from '../../src/platform/tokens.ts'

const token = newToken(Buffer.alloc(32, 1))
const hash = hashToken(token)

test('a new token carries all of its random bytes, and hashes to what the file holds', () => {
  expect(token).toBe(`davy_${'AQEB'.repeat(10)}AQE`)
  expect(hash).toMatch(/^sha256:[0-9a-f]{64}$/)
  expect(hashToken('abc')).toBe('sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
  expect(() => newToken(Buffer.alloc(8))).toThrow('32 random bytes')
})

test('a token is found by its hash and by nothing else', () => {
  const other = hashToken(newToken(Buffer.alloc(32, 2)))
  const tokens = parseTokens(
    `- {name: ci, role: gate, hash: "${other}"}\n- {name: me, role: admin, hash: "${hash}"}\n`,
    't',
  )
  expect(findToken(tokens, token)?.name).toBe('me')
  expect(findToken(tokens, `${token}x`)).toBeNull()
  expect(findToken(tokens, hash)).toBeNull()
  expect(findToken(tokens, '')).toBeNull()
})

test.each([
  ['', 't:1:1: expected a list'],
  ['[]', 'expected a list of at least 1 items'],
  ['- {name: a, role: boss, hash: x}', 't:1:13: expected one of "ingest"'],
  ['- {name: a, role: gate}', 'expected a string that matches'],
  ['- {name: a, role: gate, hash: hunter2}', 'got another form'],
  ['- {name: a, rol: gate}', 'perhaps role'],
  [`- {name: a, role: gate, hash: "${hash}"}\n- {name: b, role: admin, hash: "${hash}"}`, 't:2:3: expected a new hash'],
  [
    `- {name: a, role: gate, hash: "${hash}"}\n- {name: a, role: admin, hash: "${hashToken('b')}"}`,
    'expected a new name',
  ],
])('the tokens file %j is refused', (text, message) => {
  const read = () => parseTokens(text, 't')
  expect(read).toThrow(message)
  expect(read).not.toThrow('hunter2')
})

test('a token comes as Bearer or as the password of Basic', () => {
  const basic = (pair: string) => `Basic ${Buffer.from(pair).toString('base64')}`
  expect(presentedToken('Bearer abc')).toBe('abc')
  expect(presentedToken('bearer  abc ')).toBe('abc')
  expect(presentedToken(basic('me:abc'))).toBe('abc')
  expect(presentedToken(basic(':a:b'))).toBe('a:b')
  for (const other of [undefined, '', 'Bearer', 'Bearer a b', 'Digest abc', basic('abc')]) {
    expect(presentedToken(other), other).toBeNull()
  }
})

test('each role may do what it is for and no more', () => {
  const allowed = (isRead: boolean) =>
    Object.fromEntries(roles.map((role) => [role, roles.filter((needed) => mayUse(role, needed, isRead)).join(' ')]))
  expect(allowed(true)).toEqual({
    ingest: 'ingest',
    gate: 'gate',
    viewer: 'gate viewer',
    operator: 'gate viewer operator',
    admin: 'ingest gate viewer operator admin',
  })
  expect(allowed(false)).toEqual({ ...allowed(true), viewer: 'viewer' })
})

test('a tokens file that cannot be read is told by its variable, without a stack', () => {
  const missing = () => {
    throw new Error("ENOENT: no such file or directory, open 't'")
  }
  expect(() => readTokens('t', missing)).toThrow('DAVY_TOKENS_FILE: expected a readable file, got ENOENT')
  expect(readTokens('t', () => `- {name: me, role: admin, hash: "${hash}"}`)).toMatchObject([{ name: 'me' }])
})
