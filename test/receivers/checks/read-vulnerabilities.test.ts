import { describe, expect, test } from 'vitest'
import { readVulnerabilities } from '../../../src/receivers/checks/read-vulnerabilities.ts'

const trivy = {
  SchemaVersion: 2,
  Results: [
    {
      Target: 'debian',
      Vulnerabilities: [
        { VulnerabilityID: 'CVE-2026-1', PkgName: 'openssl', Severity: 'CRITICAL' },
        { VulnerabilityID: 'CVE-2026-2', PkgName: 'zlib', Severity: 'LOW' },
        { VulnerabilityID: 'CVE-2026-1', PkgName: 'openssl', Severity: 'CRITICAL' },
      ],
    },
    { Target: 'app' },
  ],
}

describe('a scan of an image', () => {
  test.each([
    ['Trivy', trivy],
    [
      'Grype',
      {
        matches: [
          { vulnerability: { id: 'CVE-2026-1', severity: 'Critical' }, artifact: { name: 'openssl' } },
          { vulnerability: { id: 'CVE-2026-2', severity: 'Low' }, artifact: { name: 'zlib' } },
        ],
      },
    ],
    [
      'Snyk',
      [
        { vulnerabilities: [{ id: 'CVE-2026-1', severity: 'critical', packageName: 'openssl' }] },
        { vulnerabilities: [{ id: 'CVE-2026-2', severity: 'low', packageName: 'zlib' }] },
      ],
    ],
    [
      'Snyk with applications in the container',
      {
        vulnerabilities: [{ id: 'CVE-2026-2', severity: 'low', packageName: 'zlib' }],
        applications: [{ vulnerabilities: [{ id: 'CVE-2026-1', severity: 'critical', packageName: 'openssl' }] }],
      },
    ],
  ])('of %s keeps what is critical and counts the rest', (_tool, report) => {
    expect(readVulnerabilities(report)).toEqual({
      ...{ kind: 'vulnerabilities', found: 2 },
      critical: [{ id: 'CVE-2026-1', package: 'openssl' }],
    })
  })

  test('with too many that are critical is refused', () => {
    const vulnerabilities = Array.from({ length: 5_001 }, (_, id) => ({ id: `CVE-${id}`, severity: 'critical' }))
    expect(() => readVulnerabilities({ vulnerabilities })).toThrow(expect.objectContaining({ got: '5001' }))
  })

  test('without findings is a scan too', () => {
    expect(readVulnerabilities({ SchemaVersion: 2 })).toMatchObject({ found: 0 })
    expect(readVulnerabilities({ matches: [] })).toMatchObject({ found: 0 })
    expect(readVulnerabilities({ vulnerabilities: [] })).toMatchObject({ found: 0 })
  })

  test.each([
    [{ SchemaVersion: 2, Results: 'none' }, 'body/Results'],
    [{ Results: [7] }, 'body/Results/0'],
    [{ Results: [{ Vulnerabilities: [{ Severity: 'CRITICAL' }] }] }, 'body/Results/0/Vulnerabilities/0'],
    [{ matches: ['CVE-2026-1'] }, 'body/matches/0'],
    [{ matches: [{ vulnerability: { id: 'CVE-2026-1', severity: 9.8 } }] }, 'body/matches/0/vulnerability'],
    [{ vulnerabilities: [null] }, 'body/vulnerabilities/0'],
    [{ vulnerabilities: [], applications: [{ error: 'no' }] }, 'body/applications/0/vulnerabilities'],
    [[{ vulnerabilities: [{}] }], 'body/0/vulnerabilities/0'],
  ])('%j tells of something that cannot be read, which might be critical, and is refused', (body, where) => {
    expect(() => readVulnerabilities(body)).toThrow(expect.objectContaining({ code: 'UNPROCESSABLE', where }))
  })

  test('of a severity that nobody knows is counted', () => {
    expect(readVulnerabilities({ Results: [{ Vulnerabilities: [{ VulnerabilityID: 'CVE-2026-3' }] }] })).toMatchObject({
      ...{ found: 1, critical: [] },
    })
  })

  test.each([[null], ['text'], [[]], [{}], [{ Results: 'none' }], [{ matches: {} }], [[{ vulnerabilities: [] }, 7]]])(
    '%j is none and is refused',
    (body) => {
      expect(() => readVulnerabilities(body)).toThrow(expect.objectContaining({ code: 'UNPROCESSABLE' }))
    },
  )
})
