import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'
import { SendError } from '../domain/sink.ts'

export type Address = { readonly address: string; readonly family: 4 | 6 }

/** All addresses of a host name; rejects when it has none. */
type Resolve = (host: string) => Promise<readonly Address[]>

export type AddressGuardOptions = {
  /** Networks in CIDR notation that may be sent to although they are not public. */
  readonly allowedNetworks: readonly string[]
  /** Whether this machine itself may be sent to. */
  readonly allowLoopback: boolean
  /** The system's resolver when absent. */
  readonly resolve?: Resolve
}

/**
 * Gives the addresses of a host that may be connected to, all of them checked. Whoever connects must use one of these
 * and not resolve again: a name may answer otherwise the next time.
 * @throws SendError `blocked` when any of its addresses is none to send to, `network` when it does not resolve.
 */
export type AddressGuard = (host: string) => Promise<readonly [Address, ...Address[]]>

type Network = readonly [ipaddr.IPv4 | ipaddr.IPv6, number]

/**
 * Where clouds hand out credentials to whoever asks from within: the address that most have, that of AWS and of Google
 * Cloud by IPv6, of containers and pods at AWS, of Alibaba, of Azure's platform, of Oracle. An allowed network that
 * merely contains one does not open it.
 */
const metadata = new Set([
  ...['169.254.169.254', 'fd00:ec2::254', 'fd20:ce::254', '169.254.170.2', '169.254.170.23', 'fd00:ec2::23'],
  ...['100.100.100.200', '168.63.129.16', '192.0.0.192'],
])

/** All IPv6 addresses that are public are in it (RFC 4291); the rest has old ways to IPv4, such as ::127.0.0.1. */
const globalUnicast: Network = [ipaddr.IPv6.parse('2000::'), 3]

async function systemResolve(host: string): Promise<readonly Address[]> {
  const found = await lookup(host, { all: true })
  return found.map(({ address, family }) => ({ address, family: family === 6 ? 6 : 4 }))
}

/** The IPv4 address that an IPv6 address stands for (mapped, or by NAT64's well-known prefix), else the address itself. */
function meant(address: ipaddr.IPv4 | ipaddr.IPv6): ipaddr.IPv4 | ipaddr.IPv6 {
  if (address.kind() === 'ipv4') return address
  const six = address as ipaddr.IPv6
  if (six.isIPv4MappedAddress()) return six.toIPv4Address()
  return six.range() === 'rfc6052' ? new ipaddr.IPv4(six.toByteArray().slice(12)) : six
}

function isIn(address: ipaddr.IPv4 | ipaddr.IPv6, [base, bits]: Network): boolean {
  return address.kind() === base.kind() && address.match(base, bits)
}

/** Whether `text` is a network such as 10.0.0.0/8 or fd00::/8, or a single address. */
export function isNetwork(text: string): boolean {
  return ipaddr.isValid(text) || ipaddr.isValidCIDR(text)
}

function networkOf(text: string): Network {
  if (text.includes('/')) return ipaddr.parseCIDR(text)
  const address = ipaddr.parse(text)
  return [address, address.kind() === 'ipv4' ? 32 : 128]
}

/** @throws Error for a network that is none ({@link isNetwork}). */
export function createAddressGuard(options: AddressGuardOptions): AddressGuard {
  const networks = options.allowedNetworks.map(networkOf)
  const resolve = options.resolve ?? systemResolve

  function faultOf(text: string): string | null {
    if (!ipaddr.isValid(text)) return 'is no IP address'
    const address = meant(ipaddr.parse(text))
    const range = address.range()
    const allowing = networks.filter((network) => isIn(address, network))
    if (metadata.has(address.toString())) {
      const isNamed = allowing.some(([, bits]) => bits === (address.kind() === 'ipv4' ? 32 : 128))
      return isNamed ? null : 'is where a cloud hands out credentials'
    }
    const isPublic = range === 'unicast' && (address.kind() === 'ipv4' || isIn(address, globalUnicast))
    if (isPublic || allowing.length > 0) return null
    if (range === 'loopback' && options.allowLoopback) return null
    return `is ${range === 'unicast' ? 'reserved' : range}, not public, and in none of deliveries.allowedNetworks`
  }

  async function addressesOf(host: string): Promise<readonly Address[]> {
    const bare = host.replace(/^\[(.*)\]$/, '$1')
    if (ipaddr.isValid(bare)) {
      const address = ipaddr.parse(bare)
      // Spellings such as 0x7f.1 are read once, here: whoever connects gets what was checked.
      const text = isIP(bare) === 0 ? address.toString() : bare
      return [{ address: text, family: address.kind() === 'ipv4' ? 4 : 6 }]
    }
    try {
      return await resolve(bare)
    } catch (error) {
      const { code } = error as { code?: string }
      throw new SendError('network', `the host name cannot be resolved: ${code ?? 'unknown error'}`, error)
    }
  }

  return async function guard(host) {
    const [first, ...more] = await addressesOf(host)
    if (first === undefined) throw new SendError('network', 'the host name has no address')
    for (const { address } of [first, ...more]) {
      const fault = faultOf(address)
      // One address among public ones is how a name is rebound: none of them is used.
      if (fault !== null) throw new SendError('blocked', `not sent: ${address} ${fault}`)
    }
    return [first, ...more]
  }
}
