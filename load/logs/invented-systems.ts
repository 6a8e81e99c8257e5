import type { RandomSource } from '../accuracy/simulate/random-source.ts'

/** What programs print for values; each call gives another one. */
type Values = ReturnType<typeof valuesOf>

/** A system that nobody runs: its statements with how often each runs, as they would print a record's body. */
export type InventedSystem = {
  readonly name: string
  readonly statements: readonly (readonly [weight: number, print: (v: Values) => string])[]
}

const names = 'aarav beatriz chen dagny emeka fatima goran hana ivo jun katya lars mei noor otto pilar quin rosa'.split(
  ' ',
)
const goods = 'lamp chair desk shelf sofa stool rug vase clock mirror'.split(' ')

/** @param random every system has its own. */
export function valuesOf(random: RandomSource) {
  const int = (below: number) => Math.floor(random.uniform() * below)
  const pick = <T>(from: readonly T[]): T => from[int(from.length)] as T
  const hex = (length: number) => Array.from({ length }, () => int(16).toString(16)).join('')
  const two = (n: number) => String(n).padStart(2, '0')
  return {
    ...{ int, pick, hex },
    name: () => pick(names),
    good: () => pick(goods),
    uuid: () => `${hex(8)}-${hex(4)}-4${hex(3)}-b${hex(3)}-${hex(12)}`,
    ip: () => `${10 + int(200)}.${int(256)}.${int(256)}.${int(256)}`,
    ip6: () => `2001:db8:${hex(4)}::${hex(3)}:${hex(4)}`,
    ms: () => `${int(900)}.${int(1000)}ms`,
    took: () =>
      pick([`${int(900)}ms`, `${int(9)}.${int(100)}s`, `${int(900)}.${int(10)}µs`, `${1 + int(9)}m${int(60)}s`]),
    day: () => `2032-${two(1 + int(12))}-${two(1 + int(28))}`,
    clock: () => `${two(int(24))}:${two(int(60))}:${two(int(60))}`,
    pod: () => `${pick(['cart', 'mail', 'geo'])}-${hex(9)}-${hex(5)}`,
    path: () => `/${pick(['srv', 'mnt', 'opt'])}/${pick(goods)}/${hex(6)}.${pick(['db', 'tmp', 'idx'])}`,
    money: () => `${int(900)}.${two(int(100))}`,
  }
}

/**
 * Eight systems in the formats that services, proxies, runtimes and devices write. They were written before the miner had seen
 * them, and no rule of the miner may be made for one of them.
 */
export const inventedSystems: readonly InventedSystem[] = [
  {
    name: 'java-like',
    statements: [
      [9, (v) => `Order ${v.uuid()} accepted for customer ${v.int(9e6)} total ${v.money()} EUR`],
      [7, (v) => `Acquired lock on ${v.path()} after ${v.int(900)} ms (attempt ${1 + v.int(5)} of 5)`],
      [
        5,
        (v) => `Cache region '${v.pick(['prices', 'stock'])}' evicted ${v.int(5000)} entries, ${v.int(99)}% hit ratio`,
      ],
      [
        4,
        (v) => `Retrying call to http://${v.pod()}.shop.svc:8080/v1/${v.good()}/${v.int(9e4)} in ${v.int(30)} seconds`,
      ],
      [3, (v) => `Tenant ${v.name()} exceeded quota: ${v.int(900)} of ${v.int(900)} requests used`],
      [
        2,
        (v) =>
          `o.h.e.jdbc.SqlExceptionHelper - SQL Error: ${v.int(9000)}, SQLState: ${v.pick(['08S01', '23505', '40P01'])}`,
      ],
      [
        2,
        (v) =>
          `Rebalance of group checkout-${v.int(9)} done: assigned=[orders-${v.int(9)}, orders-${v.int(9)}] revoked=[]`,
      ],
      [1, (v) => `Scheduler thread pool-${v.int(9)}-thread-${v.int(90)} is idle since ${v.clock()}`],
      [1, () => 'Started shutdown hook, waiting for open requests'],
    ],
  },
  {
    name: 'nginx-like',
    statements: [
      [
        9,
        (v) =>
          `${v.ip()} - - [${v.day()}T${v.clock()}Z] "GET /${v.good()}/${v.int(9e5)}?page=${v.int(40)} HTTP/1.1" ${v.pick([200, 304])} ${v.int(9e4)} "-" "Mozilla/5.0 (X11; rv:${v.int(140)}.0)" ${v.int(3)}.${v.int(900)}`,
      ],
      [
        5,
        (v) =>
          `${v.ip()} - ${v.name()} [${v.day()}T${v.clock()}Z] "POST /cart/${v.uuid()} HTTP/2.0" ${v.pick([201, 409])} ${v.int(900)} "-" "curl/8.${v.int(9)}.0" ${v.int(3)}.${v.int(900)}`,
      ],
      [
        4,
        (v) =>
          `*${v.int(9e6)} upstream timed out (110: Connection timed out) while reading response header from upstream, client: ${v.ip()}, server: shop.example, upstream: "http://${v.ip()}:8080/x/${v.int(900)}"`,
      ],
      [
        3,
        (v) =>
          `*${v.int(9e6)} connect() failed (111: Connection refused) while connecting to upstream, client: ${v.ip6()}`,
      ],
      [
        2,
        (v) =>
          `*${v.int(9e6)} limiting requests, excess: ${v.int(20)}.${v.int(900)} by zone "perip", client: ${v.ip()}`,
      ],
      [2, (v) => `*${v.int(9e6)} open() "${v.path()}" failed (2: No such file or directory), client: ${v.ip()}`],
      [1, (v) => `worker process ${v.int(9e4)} exited with code 0`],
      [1, (v) => `signal ${1 + v.int(17)} (SIGCHLD) received from ${v.int(9e4)}`],
    ],
  },
  {
    name: 'JSON lines',
    statements: [
      [
        9,
        (v) =>
          json({ level: 'info', ts: v.day(), msg: `user ${v.int(9e6)} signed in from ${v.ip()}`, trace: v.hex(32) }),
      ],
      [
        6,
        (v) => json({ severity: 'INFO', message: `served ${v.good()} page in ${v.took()}`, labels: { pod: v.pod() } }),
      ],
      [5, (v) => json({ level: 'warn', msg: `token of ${v.name()} expires in ${v.int(90)} minutes`, span: v.hex(16) })],
      [3, (v) => json({ level: 'error', msg: 'payment declined', order: v.uuid(), amount: v.money() })],
      [
        3,
        (v) =>
          json({
            level: 'error',
            msg: `queue ${v.pick(['mail', 'push'])}: ${v.int(9000)} messages behind`,
            lag: v.took(),
          }),
      ],
      [
        2,
        (v) =>
          json({ '@timestamp': v.clock(), '@message': `flag new-${v.good()}-page set to ${v.pick(['on', 'off'])}` }),
      ],
      [1, (v) => json({ level: 'info', msg: `config ${v.path()} reloaded, checksum ${v.hex(40)}` })],
      [1, () => json({ level: 'info', msg: 'draining connections' })],
    ],
  },
  {
    name: 'Go logfmt',
    statements: [
      [
        9,
        (v) =>
          `level=info caller=server.go:${v.int(900)} msg="request served" method=GET status=200 took=${v.took()} bytes=${v.int(9e5)}`,
      ],
      [
        6,
        (v) =>
          `level=info caller=compact.go:${v.int(900)} msg="write block" mint=${v.int(1e12)} maxt=${v.int(1e12)} ulid=01${v.hex(24).toUpperCase()} duration=${v.took()}`,
      ],
      [
        4,
        (v) =>
          `level=warn caller=pool.go:${v.int(900)} msg="connection lost" peer=${v.ip()}:${1024 + v.int(6e4)} err="read tcp: i/o timeout" retry=${v.int(9)}`,
      ],
      [
        3,
        (v) =>
          `level=error caller=store.go:${v.int(900)} msg="cannot open segment" path=${v.path()} err="file already closed"`,
      ],
      [
        2,
        (v) =>
          `level=info caller=member.go:${v.int(900)} msg="node joined" node=${v.pod()} addr=${v.ip6()} tags=[dc${v.int(9)} rack${v.int(40)}]`,
      ],
      [
        2,
        (v) =>
          `level=debug caller=gc.go:${v.int(900)} msg="collected" freed=${v.int(900)}MiB live=${v.int(900)}MiB pause=${v.took()}`,
      ],
      [
        1,
        (v) =>
          `level=info caller=main.go:${v.int(900)} msg="feature enabled" name=${v.pick(['native-histograms', 'remote-write'])}`,
      ],
    ],
  },
  {
    name: 'Python with tracebacks',
    statements: [
      [9, (v) => `GET /api/${v.good()}s/${v.int(9e5)} -> 200 (${v.int(900)} bytes in ${v.int(900)} msecs)`],
      [5, (v) => `Task mail.send[${v.uuid()}] succeeded in ${v.int(9)}.${v.int(1e9)}s: None`],
      [4, (v) => `Task mail.send[${v.uuid()}] retry: Retry in ${v.int(300)}s`],
      [
        3,
        (v) =>
          `Traceback (most recent call last):\n  File "/app/shop/pay.py", line ${v.int(90)}, in charge\n    gateway.post(order)\n  File "/app/shop/gateway.py", line ${v.int(90)}, in post\n    raise Timeout(order)\nshop.errors.TimeoutError: order ${v.uuid()} after ${v.int(90)} s`,
      ],
      [
        2,
        (v) =>
          `Traceback (most recent call last):\n  File "/app/shop/stock.py", line ${v.int(90)}, in reserve\n    left = counts[key]\nKeyError: '${v.good()}-${v.int(900)}'`,
      ],
      [
        2,
        (v) =>
          `Traceback (most recent call last):\n  File "/usr/lib/python3.${9 + v.int(4)}/json/decoder.py", line ${v.int(400)}, in decode\n    obj, end = self.raw_decode(s)\n  File "/app/shop/feed.py", line ${v.int(90)}, in read\n    json.loads(body)\njson.decoder.JSONDecodeError: Expecting value: line ${v.int(9)} column ${v.int(90)}`,
      ],
      [1, (v) => `/app/shop/models.py:${v.int(900)}: DeprecationWarning: field '${v.good()}_id' is not used`],
      [1, (v) => `Autoreload: ${v.path()} changed, reloading`],
    ],
  },
  {
    name: 'many languages',
    statements: [
      [8, (v) => `Bestellung ${v.int(9e6)} wurde am ${v.day()} um ${v.clock()} an ${v.name()} versandt`],
      [6, (v) => `Échec de la connexion à ${v.ip()}:${1024 + v.int(6e4)} après ${v.int(900)} ms (code 0x${v.hex(8)})`],
      [5, (v) => `注文 ${v.uuid()} を受け付けました (${v.int(9000)} 円)`],
      [4, (v) => `Пользователь ${v.int(9e6)} вышел, сессия ${v.hex(32)} закрыта`],
      [3, (v) => `No se pudo leer ${v.path()}: permiso denegado (uid=${v.int(9000)})`],
      [2, (v) => `Zużycie pamięci ${v.int(99)}% przekracza próg 80% na węźle ${v.pod()}`],
      [1, () => 'Önbellek temizlendi'],
    ],
  },
  {
    name: 'Kubernetes controllers (klog)',
    statements: [
      [
        8,
        (v) =>
          `"Pod scheduled" pod="${v.pick(['shop', 'mail'])}/${v.pod()}" node="ip-${v.int(256)}-${v.int(256)}-${v.int(256)}-${v.int(256)}" score=${v.int(900)}`,
      ],
      [6, (v) => `Liveness probe of ${v.pod()} failed: Get "http://${v.ip()}:8080/livez": context deadline exceeded`],
      [
        4,
        (v) =>
          `Scaled deployment shop/${v.good()} from ${v.int(20)} to ${v.int(20)} replicas, cpu ${v.int(200)}% of target`,
      ],
      [
        3,
        (v) =>
          `event: type=Warning reason=BackOff object=pod/${v.pod()} count=${v.int(90)} message="back-off ${v.int(300)}s restarting failed container"`,
      ],
      [2, (v) => `lease lock kube-system/controller-${v.int(9)} lost, holder is ${v.pod()}_${v.uuid()}`],
      [2, (v) => `Image "registry.example/shop/${v.good()}@sha256:${v.hex(64)}" pulled in ${v.took()}`],
      [1, (v) => `garbage collection freed ${v.int(90)}.${v.int(9)} GiB in ${v.took()}`],
    ],
  },
  {
    name: 'device gateway (C)',
    statements: [
      [8, (v) => `dev[${v.int(64)}] rx ${v.int(1500)} bytes crc=0x${v.hex(4)} rssi=-${30 + v.int(90)}dBm`],
      [
        6,
        (v) =>
          `mqtt: publish topic=site/${v.int(90)}/${v.good()}/temp qos=${v.int(3)} mid=${v.int(65536)} (${v.int(900)} bytes)`,
      ],
      [4, (v) => `modbus slave ${v.int(247)}: read holding 0x${v.hex(4)}..0x${v.hex(4)} -> exception ${1 + v.int(9)}`],
      [3, (v) => `ntp: offset ${v.pick(['+', '-'])}0.${v.int(1e6)} s, delay 0.${v.int(1e6)} s, server ${v.ip()}`],
      [
        2,
        (v) => `fw ${v.int(9)}.${v.int(40)}.${v.int(9)}-${v.hex(7)} boot reason ${v.pick(['POR', 'WDT', 'SW', 'BOR'])}`,
      ],
      [
        2,
        (v) =>
          `MAC ${Array.from({ length: 6 }, () => v.hex(2)).join(':')} joined port ${v.int(48)} vlan ${v.int(4094)}`,
      ],
      [1, (v) => `heap: free=${v.int(9e5)} largest=${v.int(9e5)} frag=${v.int(90)}%`],
      [1, () => 'flash erase complete'],
    ],
  },
]

function json(fields: Readonly<Record<string, unknown>>): string {
  return JSON.stringify(fields)
}
