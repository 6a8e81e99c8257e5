import type { Random } from '../../stats/random.ts'

/** Values as programs print them. */
type Values = ReturnType<typeof valuesOf>

/** One system: its statements, each with how often it runs in comparison. Written before the miner saw them. */
export type InventedFormat = {
  readonly name: string
  readonly statements: readonly (readonly [number, (v: Values) => string])[]
}

const people = 'amara bilal chiara dmitri esther farid greta hiro ines jonas kavya lena milo nadia oskar priya'.split(
  ' ',
)
const things = 'basket invoice parcel voucher ledger ticket refund batch quote order lease meter'.split(' ')

function valuesOf(source: Random) {
  const int = (below: number) => Math.floor(source.uniform() * below)
  const pick = <T>(from: readonly T[]): T => from[int(from.length)]!
  const hex = (length: number) => Array.from({ length }, () => int(16).toString(16)).join('')
  return {
    ...{ int, pick, hex },
    person: () => pick(people),
    thing: () => pick(things),
    uuid: () => `${hex(8)}-${hex(4)}-4${hex(3)}-a${hex(3)}-${hex(12)}`,
    ip: () => `10.${int(256)}.${int(256)}.${int(256)}`,
    time: () =>
      `2031-0${1 + int(9)}-${10 + int(18)}T${10 + int(13)}:${10 + int(49)}:${10 + int(49)}.${100 + int(899)}Z`,
    list: () => Array.from({ length: 1 + int(6) }, () => int(900)).join(', '),
  }
}

/** Formats of systems that no rule of the miner was written for. */
export const inventedFormats: readonly InventedFormat[] = [
  {
    name: 'tram depot (syslog of controllers)',
    statements: [
      [9, (v) => `tram ${v.int(400)} left platform ${v.int(9)} at ${v.time()}`],
      [6, (v) => `axle counter AC-${v.int(90)} reads ${v.int(5000)} (expected ${v.int(5000)})`],
      [5, (v) => `signal S${v.int(80)}: aspect changed from red to green`],
      [3, (v) => `door ${v.int(8)} of tram ${v.int(400)} blocked for ${v.int(60)} s`],
      [2, (v) => `loss of contact with beacon ${v.hex(8)} on line ${v.int(20)}; retrying`],
      [1, () => `depot gate opened by hand`],
      [1, (v) => `driver ${v.person()} signed in on tram ${v.int(400)}`],
      [1, (v) => `emergency brake on tram ${v.int(400)}!`],
    ],
  },
  {
    name: 'web shop (Rails, key=value)',
    statements: [
      [
        9,
        (v) =>
          `method=GET path=/${v.thing()}s/${v.int(9e4)} format=html controller=${'ItemsController'} status=200 duration=${v.int(90)}.${v.int(99)} view=${v.int(40)}.${v.int(99)}`,
      ],
      [
        5,
        (v) =>
          `  User Load (${v.int(9)}.${v.int(9)}ms)  SELECT users.* FROM users WHERE users.id = ${v.int(9e5)} LIMIT 1`,
      ],
      [4, (v) => `[ActiveJob] [MailJob] [${v.uuid()}] Performed MailJob from Sidekiq in ${v.int(900)}.${v.int(99)}ms`],
      [2, (v) => `Completed 500 Internal Server Error in ${v.int(300)}ms (ActiveRecord: ${v.int(30)}.${v.int(9)}ms)`],
      [2, (v) => `Redirected to https://shop.example/${v.thing()}s/${v.int(1e5)}`],
      [1, (v) => `Can't verify CSRF token authenticity for ${v.ip()}`],
      [1, (v) => `cache write: views/${v.thing()}/${v.int(900)}-${v.int(1e9)}`],
    ],
  },
  {
    name: 'bank batch (.NET)',
    statements: [
      [8, (v) => `Transferred ${v.int(900)}.${10 + v.int(89)} EUR from DE${v.int(1e9)} to FR${v.int(1e9)}`],
      [
        5,
        (v) =>
          `Executed DbCommand (${v.int(40)}ms) [Parameters=[@p0='${v.int(900)}', @p1='${v.uuid()}'], CommandType='Text', CommandTimeout='30']`,
      ],
      [4, (v) => `Batch ${v.uuid()} finished: ${v.int(900)} booked, ${v.int(20)} rejected, ${v.int(5)} pending`],
      [2, (v) => `Limit of account ${v.int(1e8)} exceeded by ${v.int(900)}.${10 + v.int(89)}`],
      [
        2,
        (v) =>
          `Request starting HTTP/2 POST https://${v.thing()}.bank.example/api/${v.int(9)}/transfers application/json ${v.int(900)}`,
      ],
      [1, (v) => `No holiday calendar for ${v.pick(['DE', 'FR', 'IT', 'ES', 'PT', 'NL', 'AT'])}; using the default`],
      [1, () => `Application is shutting down...`],
    ],
  },
  {
    name: 'greenhouse (embedded, tables)',
    statements: [
      [9, (v) => `T=${v.int(40)}.${v.int(9)}C RH=${v.int(99)}% CO2=${v.int(1200)}ppm lux=${v.int(9e4)}`],
      [5, (v) => `valve[${v.int(16)}] open ${v.int(100)}% -> ${v.int(100)}%`],
      [3, (v) => `pump#${v.int(4)} dry run detected, stopped after ${v.int(30)}s`],
      [3, (v) => `adc samples: ${v.list()}`],
      [2, (v) => `ota: chunk ${v.int(400)}/${400} crc 0x${v.hex(8)} ok`],
      [1, (v) => `wdt reset, cause=${v.int(8)} pc=0x${v.hex(8)} sp=0x${v.hex(8)}`],
      [1, (v) => `rtc drift ${v.int(900)} ms corrected`],
    ],
  },
  {
    name: 'game server (C++)',
    statements: [
      [9, (v) => `Player "${v.person()}" <${v.hex(16)}> connected from ${v.ip()}:${20000 + v.int(9000)}`],
      [7, (v) => `[zone_${v.int(30)}] tick ${v.int(1e7)} took ${v.int(60)}.${v.int(999)}ms (budget 33ms)`],
      [
        4,
        (v) =>
          `Entity ${v.int(1e6)} despawned at (${v.int(900)}.${v.int(99)}, ${v.int(900)}.${v.int(99)}, -${v.int(9)}.${v.int(99)})`,
      ],
      [2, (v) => `Player "${v.person()}" <${v.hex(16)}> kicked: ping ${v.int(900)} over limit 250`],
      [2, (v) => `Match ${v.uuid()} ended, winner=team_${v.int(2)} duration=${v.int(40)}m${v.int(60)}s`],
      [1, (v) => `Assertion failed: inventory.cpp:${v.int(900)} slot < ${v.int(64)}`],
      [1, () => `Map rotation reached its end, starting over`],
    ],
  },
  {
    name: 'clinic (Java)',
    statements: [
      [8, (v) => `HL7 message ADT^A0${v.int(9)} accepted for patient PID-${v.int(1e7)} in ${v.int(300)} ms`],
      [5, (v) => `Appointment ${v.int(1e6)} moved from ${v.time()} to ${v.time()} by ${v.person()}`],
      [
        4,
        (v) =>
          `HikariPool-1 - Pool stats (total=${v.int(20)}, active=${v.int(20)}, idle=${v.int(20)}, waiting=${v.int(9)})`,
      ],
      [2, (v) => `Could not deliver result ${v.uuid()} to ward ${v.int(40)}: connection reset by peer`],
      [2, (v) => `Consent for study "${v.thing()} ${v.int(9)}" missing, patient PID-${v.int(1e7)} skipped`],
      [
        1,
        (v) =>
          `Slow query: ${v.int(9000)} ms, org.clinic.repo.${v.pick(['Patient', 'Ward', 'Result'])}Repository.findBy${'Id'}`,
      ],
      [1, () => `Nightly archive started`],
    ],
  },
  {
    name: 'storage appliance (Go, logr)',
    statements: [
      [8, (v) => `"Reconciling volume" volume="pvc-${v.uuid()}" node="node-${v.int(40)}" attempt=${v.int(5)}`],
      [
        6,
        (v) =>
          `scrub of pool p${v.int(4)} at ${v.int(100)}.${v.int(9)}%, ${v.int(90)} errors, eta ${v.int(9)}h${v.int(60)}m`,
      ],
      [3, (v) => `disk /dev/sd${v.pick(['a', 'b', 'c', 'd'])} temperature ${v.int(70)} C`],
      [3, (v) => `snapshot tank/${v.thing()}@auto-${v.int(1e9)} created (${v.int(900)} MiB)`],
      [2, (v) => `replication to ${v.ip()} is ${v.int(900)} s behind`],
      [1, (v) => `quota of ${v.person()} reached: ${v.int(900)} of ${v.int(900)} GiB`],
      [1, () => `no spare disk left`],
    ],
  },
]

/** Lines of a format, each with the number of its statement. */
export function inventedLines(format: InventedFormat, count: number, source: Random) {
  const values = valuesOf(source)
  const ends = format.statements.map((_, to) =>
    format.statements.slice(0, to + 1).reduce((sum, [weight]) => sum + weight, 0),
  )
  const total = ends.at(-1) as number
  const all = Array.from({ length: count }, () => {
    const at = source.uniform() * total
    const statement = ends.findIndex((end) => at < end)
    return { statement, line: format.statements[statement]![1](values) }
  })
  return { lines: all.map(({ line }) => line), truth: all.map(({ statement }) => String(statement)) }
}
