import { expect, test } from 'vitest'
import { reportName } from '../../../src/receivers/checks/report-name.ts'

test.each([
  ['<testsuites name="all"><testsuite id="0" name="pay › card"/></testsuites>', 'junit pay - card'],
  ["<testsuite name='pay'/>", 'junit pay'],
  ['<testsuite><testcase name="a"/></testsuite>', 'junit'],
  [{ SchemaVersion: 2, ArtifactName: 'registry:5000/shop/checkout:2.4.1' }, 'trivy registry:5000/shop/checkout'],
  [{ Results: [] }, 'trivy'],
  [{ matches: [], source: { target: { userInput: 'shop/checkout@sha256:00ff' } } }, 'grype shop/checkout'],
  [{ vulnerabilities: [], projectName: 'docker-image|checkout', path: 'checkout:2' }, 'snyk docker-image-checkout'],
  [[{ vulnerabilities: [], projectName: 'checkout' }], 'snyk checkout'],
  [{ passed: true }, 'result'],
  [{ ArtifactName: 'a'.repeat(200) }, `trivy ${'a'.repeat(94)}`],
])('a report %j that nobody names is %s', (body, name) => {
  expect(reportName(body)).toBe(name)
})

test('the next version of an image has a report of the same name', () => {
  const nameOf = (image: string) => reportName({ SchemaVersion: 2, ArtifactName: image })
  expect(nameOf('shop/checkout:2.4.1')).toBe(nameOf('shop/checkout:2.4.0'))
  expect(nameOf('shop/cart:2.4.1')).not.toBe(nameOf('shop/checkout:2.4.1'))
})
