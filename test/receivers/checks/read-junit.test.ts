import { describe, expect, test } from 'vitest'
import { readJunit } from '../../../src/receivers/checks/read-junit.ts'

const suite = (inner: string): string =>
  `<?xml version="1.0"?><testsuites><testsuite name="pay">${inner}</testsuite></testsuites>`

describe('a JUnit report', () => {
  test('is counted from its cases', () => {
    const report = readJunit(
      suite(`<testcase classname="cart" name="adds &lt;one&gt;"/>
        <testcase classname="pay" name="declines"><failure message="no">at line 1 &amp; 2</failure></testcase>
        <testcase name="breaks"><error/></testcase><testcase name="later"><skipped/></testcase>`),
    )
    expect(report).toEqual({ kind: 'tests', tests: 4, skipped: 1, failures: 2, failed: ['pay › declines', 'breaks'] })
  })

  test.each([
    [
      suite('<testcase name="a"/>').replace('name="pay"', 'name="pay" tests="0" errors="1"'),
      ['pay outside of its cases'],
    ],
    [
      '<testsuites failures="1"><testsuite><testcase name="a"/></testsuite></testsuites>',
      ['(without a name) outside of its cases'],
    ],
    [
      suite('<testcase name="a"><failure/></testcase>').replace('name="pay"', 'name="pay" failures="1" errors="0"'),
      ['a'],
    ],
  ])('of a suite that failed outside of its cases has failed: %s', (text, failed) => {
    expect(readJunit(text)).toMatchObject({ failures: 1, failed })
  })

  test('may be one suite, or suites in suites', () => {
    expect(readJunit('<testsuite><testcase name="a"/></testsuite>')).toMatchObject({ tests: 1, failures: 0 })
    expect(
      readJunit(suite('<testsuite><testcase name="a"/><testcase name="b"><failure/></testcase></testsuite>')),
    ).toMatchObject({ tests: 2, failed: ['b'] })
  })

  test('keeps the names of fifty failures and counts all', () => {
    const cases = Array.from({ length: 80 }, (_, i) => `<testcase name="t${i}"><failure/></testcase>`).join('')
    const report = readJunit(suite(cases))
    expect(report).toMatchObject({ failures: 80 })
    expect(report.kind === 'tests' && report.failed).toHaveLength(50)
  })

  test('names with entities are what people wrote', () => {
    expect(readJunit(suite('<testcase name="a &lt; b"><failure/></testcase>'))).toMatchObject({ failed: ['a < b'] })
  })

  test('entities that the document declares are not expanded', () => {
    const bomb = `<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>${suite('<testcase name="&b;"><failure/></testcase>')}`
    const failed = ((): readonly string[] => {
      try {
        const report = readJunit(bomb)
        return report.kind === 'tests' ? report.failed : []
      } catch {
        return []
      }
    })()
    expect(failed.join('')).not.toContain('aaaaaaaaaa')
  })

  test.each([
    ['', 'XML'],
    ['{"passed": true}', ''],
    ['<html><body/></html>', '<testsuites>'],
    [suite(''), 'testcase'],
    ['<testsuites><testsuite>', ''],
    [`${'<testsuite>'.repeat(30)}<testcase name="x"/>${'</testsuite>'.repeat(30)}`, 'suites'],
  ])('%j is refused with what was expected', (body, expected) => {
    expect(() => readJunit(body)).toThrow(
      expect.objectContaining({ code: 'UNPROCESSABLE', expected: expect.stringContaining(expected) }),
    )
  })
})
