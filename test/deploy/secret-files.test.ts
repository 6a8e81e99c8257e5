import { generateKeyPairSync } from 'node:crypto'
import { dirname } from 'node:path'
import { describe, expect, it } from 'vitest'
import { loadConfig } from '../../src/platform/config.ts'
import { filesOf, readText } from './read-deploy.ts'

/** Where systemd puts the credentials of Davy's unit: version 249 of Ubuntu 22.04 has no specifier for it. */
const credentials = '/run/credentials/davy.service'
const secretFiles = (file: string) =>
  [...readText(file).matchAll(/^[^#\n]*\bsecretFile: (\S+)/gm)].map(([, path]) => path!)

describe('secrets in files', () => {
  it.each(['deploy/github/davy.yaml', 'deploy/gitlab/davy.yaml'])('%s names files that the chart mounts', (file) => {
    const paths = secretFiles(file)
    expect(paths.length).toBeGreaterThan(1)
    const mounts = readText('deploy/helm/davy/templates/_helpers.tpl').match(/(?<=mountPath: )\S+(?=,)/g)
    expect(paths.filter((path) => !mounts!.includes(dirname(path)))).toEqual([])
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
    const config = loadConfig({ DAVY_CONFIG: file }, (path) => {
      if (path === file) return readText(file)
      return path.endsWith('.pem') ? pem : 'a-secret-of-some-length\n'
    })
    expect(config.webhooks.length).toBeGreaterThan(0)
  })

  it.each(filesOf('deploy/systemd/davy.service.d/*.conf'))('%s loads the credentials that it names', (file) => {
    const text = readText(file)
    const loaded = [...text.matchAll(/^LoadCredential=([\w.-]+):\/etc\/davy\/\1$/gm)].map(([, name]) => name!)
    expect(loaded.length).toBeGreaterThan(0)
    expect(text).not.toContain('%d')
    const named = [...text.matchAll(/_FILE=(\S+)/g)].map(([, path]) => path!)
    expect(named.filter((path) => !loaded.some((name) => path === `${credentials}/${name}`))).toEqual([])
  })

  it('Ansible loads those of davy_credentials, under the path that it says they have', () => {
    const role = 'deploy/ansible/roles/davy'
    expect(readText(`${role}/templates/credentials.conf.j2`)).toContain('LoadCredential={{ name }}:{{ file }}\n')
    expect(readText(`${role}/defaults/main.yml`)).toContain(`${credentials}/<name>`)
    expect(readText('deploy/ansible/roles/davy/meta/main.yml')).toContain('jammy')
  })
})
