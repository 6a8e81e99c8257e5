import { expect, test } from 'vitest'
import { loadConfig } from '../../src/platform/config.ts'

const variable = 'DAVY_INTEGRATIONS_GITHUB_SECRET_FILE'
const load = (text: string) =>
  loadConfig({ [variable]: '/secret' }, (path) => {
    if (path === '/secret') return text
    throw new Error(`there is no ${path}`)
  })

test('secrets of platforms are the lines of their file; who has none has no secret', () => {
  const { integrations } = load('# of the App\nthe-secret-of-now-1\nthe-secret-of-before\n')
  expect(integrations).toEqual({ github: ['the-secret-of-now-1', 'the-secret-of-before'], gitlab: [], flux: [] })
})

test.each([
  ['an empty file', '\n', /secretFile: expected a file with a secret/],
  ['a secret that can be guessed', 'short', /expected secrets of at least 16 characters, got one of 5 characters/],
])('%s stops the start without showing a secret', (_name, text, message) => {
  expect(() => load(text)).toThrow(message)
  expect(() => load(text)).not.toThrow(/short/)
})

test('a path of the file is relative to it', () => {
  const files: Record<string, string> = {
    '/etc/davy/davy.yaml': 'integrations:\n  flux:\n    secretFile: flux-secret\n',
    '/etc/davy/flux-secret': 'a-token-of-flux-that-signs',
  }
  const { integrations } = loadConfig({ DAVY_CONFIG: '/etc/davy/davy.yaml' }, (path) => {
    const text = files[path]
    if (text === undefined) throw new Error(`there is no ${path}`)
    return text
  })
  expect(integrations.flux).toEqual(['a-token-of-flux-that-signs'])
})
