import { describe, expect, test } from 'vitest'
import { type SignedRequest, signRequest } from '../../../src/sources/cloudwatch/sign-request.ts'

const key = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' }
const to = { region: 'us-east-1', service: 'service', at: Date.UTC(2015, 7, 30, 12, 36) }
const sessionToken =
  'AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI/' +
  'qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38' +
  'xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA=='

describe('a request is signed as in the test suite that AWS publishes for Signature Version 4', () => {
  type Vector = Pick<SignedRequest, 'method' | 'headers' | 'body'> & {
    readonly name: string
    readonly session: { readonly sessionToken?: string }
    readonly signature: string
  }
  const vectors: readonly Vector[] = [
    {
      ...{ name: 'get-vanilla', method: 'GET', headers: {}, body: '', session: {} },
      signature: '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31',
    },
    {
      ...{ name: 'post-vanilla', method: 'POST', headers: {}, body: '', session: {} },
      signature: '5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b',
    },
    {
      ...{ name: 'post-header-key-sort', method: 'POST', headers: { 'My-Header1': 'value1' }, body: '', session: {} },
      signature: 'c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c',
    },
    {
      ...{ name: 'post-x-www-form-urlencoded', method: 'POST', body: 'Param1=value1', session: {} },
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      signature: 'ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a',
    },
    {
      ...{ name: 'get-header-value-trim', method: 'GET', body: '', session: {} },
      headers: { 'My-Header1': ' value1', 'My-Header2': ' "a   b   c"' },
      signature: 'acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736',
    },
    {
      ...{ name: 'post-sts-header-before', method: 'POST', headers: {}, body: '', session: { sessionToken } },
      signature: '85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead',
    },
  ]
  test.each(vectors)('$name', ({ method, headers, body, session, signature }) => {
    const request = { method, url: 'https://example.amazonaws.com/', headers, body }
    const signed = signRequest(request, { ...key, ...session }, to)
    expect(signed.authorization).toContain('Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request')
    expect(signed.authorization?.replace(/^.*Signature=/, '')).toBe(signature)
    expect(signed['x-amz-date']).toBe('20150830T123600Z')
    expect(signed['x-amz-security-token']).toBe(session.sessionToken)
  })
})
