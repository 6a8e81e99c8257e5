import { describe, expect, test } from 'vitest'
import type { SendError } from '../../src/domain/sink.ts'
import { type AddressGuardOptions, createAddressGuard } from '../../src/platform/address-guard.ts'

/** What a guard says of a host: its addresses, or the kind of the refusal. */
async function verdictOn(host: string, options: Partial<AddressGuardOptions> = {}): Promise<string> {
  const guard = createAddressGuard({
    ...{ allowedNetworks: [], allowLoopback: false },
    resolve: () => Promise.reject(new Error('no name was to be resolved')),
    ...options,
  })
  try {
    return (await guard(host)).map(({ address }) => address).join(' ')
  } catch (error) {
    return `${(error as SendError).kind}: ${(error as SendError).message}`
  }
}

describe('addresses', () => {
  test.each(['93.184.215.14', '[2606:2800:21f:cb07::1]', '8.8.8.8'])('%s is public', async (host) => {
    expect(await verdictOn(host)).toBe(host.replace(/[[\]]/g, ''))
  })

  test.each([
    ['127.0.0.1', 'loopback'],
    ['127.8.9.10', 'loopback'],
    ['[::1]', 'loopback'],
    ['0.0.0.0', 'unspecified'],
    ['[::]', 'unspecified'],
    ['10.1.2.3', 'private'],
    ['172.31.255.255', 'private'],
    ['192.168.0.1', 'private'],
    ['169.254.1.1', 'linkLocal'],
    ['[fe80::1]', 'linkLocal'],
    ['[fd12:3456::1]', 'uniqueLocal'],
    ['100.64.0.1', 'carrierGradeNat'],
    ['224.0.0.1', 'multicast'],
    ['255.255.255.255', 'broadcast'],
    ['192.0.2.1', 'reserved'],
    ['[::ffff:10.0.0.1]', 'private'],
    ['[::ffff:7f00:1]', 'loopback'],
    // NAT64 and 6to4 lead to an IPv4 address that is written into the IPv6 one.
    ['[64:ff9b::a00:1]', 'private'],
    ['[2002:a00:1::]', '6to4'],
    ['[2001:0:53aa:64c::1]', 'teredo'],
    ['[64:ff9b:1::a00:1]', 'private'],
    // Nothing beyond 2000::/3 is public; what is left of it are old ways to IPv4.
    ['[::7f00:1]', 'reserved'],
    ['[4000::1]', 'reserved'],
    ['[fec0::1]', 'deprecatedSiteLocal'],
    ['0x7f.1', 'loopback'],
    ['2130706433', 'loopback'],
  ])('%s is blocked as %s', async (host, range) => {
    expect(await verdictOn(host)).toMatch(new RegExp(`^blocked: not sent: \\S+ is ${range}, not public`))
  })

  test('another spelling is connected to as it was read', async () => {
    expect(await verdictOn('010.8.8.8')).toBe('8.8.8.8')
  })

  test('a public address by NAT64 is public', async () => {
    expect(await verdictOn('[64:ff9b::808:808]')).toBe('64:ff9b::808:808')
  })

  test.each([
    ...['169.254.169.254', '[::ffff:169.254.169.254]', '[fd00:ec2::254]', '100.100.100.200', '168.63.129.16'],
    ...['[fd20:ce::254]', '169.254.170.2', '169.254.170.23', '[fd00:ec2::23]', '192.0.0.192'],
  ])('%s, where credentials are handed out, is blocked even within an allowed network', async (host) => {
    const wide = ['0.0.0.0/0', '::/0']
    expect(await verdictOn(host, { allowedNetworks: wide })).toMatch(/^blocked: .*hands out credentials/)
  })

  test('an allowed network opens what is in it and nothing beside it; one address may be named', async () => {
    const allowedNetworks = ['10.20.0.0/16', 'fd12::/16', '192.168.7.7', '169.254.169.254']
    for (const host of ['10.20.3.4', '[::ffff:10.20.3.4]', '[fd12::9]', '192.168.7.7', '169.254.169.254'])
      expect(await verdictOn(host, { allowedNetworks })).not.toContain('blocked')
    for (const host of ['10.21.0.1', '[fd13::9]', '192.168.7.8', '127.0.0.1'])
      expect(await verdictOn(host, { allowedNetworks })).toContain('blocked')
  })

  test('loopback is open where it was opened, and only loopback', async () => {
    expect(await verdictOn('127.0.0.1', { allowLoopback: true })).toBe('127.0.0.1')
    expect(await verdictOn('[::1]', { allowLoopback: true })).toBe('::1')
    expect(await verdictOn('10.0.0.1', { allowLoopback: true })).toContain('blocked')
    expect(await verdictOn('[::ffff:127.0.0.1]', { allowLoopback: true })).toBe('::ffff:127.0.0.1')
  })
})

describe('names', () => {
  const resolve = (...addresses: string[]) => ({
    resolve: async () => addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }) as const),
  })

  test('give their addresses', async () => {
    expect(await verdictOn('hooks.example', resolve('93.184.215.14', '2606:2800::1'))).toBe(
      '93.184.215.14 2606:2800::1',
    )
  })

  test('with one private address among public ones are blocked', async () => {
    expect(await verdictOn('hooks.example', resolve('93.184.215.14', '10.0.0.1'))).toMatch(/^blocked: .*10\.0\.0\.1/)
  })

  test('without an address, and such as do not resolve, are a failure of the network', async () => {
    expect(await verdictOn('hooks.example', resolve())).toBe('network: the host name has no address')
    const missing = { resolve: () => Promise.reject(Object.assign(new Error('hunter2'), { code: 'ENOTFOUND' })) }
    expect(await verdictOn('hooks.example', missing)).toBe('network: the host name cannot be resolved: ENOTFOUND')
  })

  test('that resolve to what is no address are blocked', async () => {
    expect(await verdictOn('hooks.example', resolve('not-an-address'))).toContain('blocked')
  })
})
