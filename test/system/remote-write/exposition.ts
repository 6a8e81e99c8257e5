import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A scrape target of the test's own, in OpenMetrics' text format. */
export type Target = { readonly port: number; scrapes(): number; close(): Promise<void> }

/**
 * Every kind of series that a target can have: a counter with an exemplar, gauges with odd values, a gauge that is called
 * like a counter, a classic histogram, a summary, target_info, and a gauge that vanishes after its third scrape.
 */
export async function openTarget(): Promise<Target> {
  let scrapes = 0
  const server = createServer((_request, response) => {
    scrapes += 1
    response.setHeader('content-type', 'application/openmetrics-text; version=1.0.0; charset=utf-8')
    response.end(exposition(scrapes))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    scrapes: () => scrapes,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}

function exposition(scrape: number): string {
  const lines = [
    '# HELP shop_orders Orders by their "outcome".',
    '# TYPE shop_orders counter',
    `shop_orders_total{outcome="paid"} ${scrape * 3} # {trace_id="0af7651916cd43dd8448eb211c80319c",span_id="b7ad6b7169203331",region="eu"} ${scrape}.5`,
    `shop_orders_total{outcome="été ☀\\n"} ${scrape / 3}`,
    '# TYPE shop_odd gauge',
    'shop_odd{value="nan"} NaN',
    'shop_odd{value="infinite"} +Inf',
    'shop_odd{value="negative"} -1e-300',
    'shop_odd{value="zero"} 0',
    '# HELP shop_carts_total Open carts; no counter, whatever its name says.',
    '# TYPE shop_carts_total gauge',
    `shop_carts_total ${100 - scrape}`,
    '# TYPE shop_seconds histogram',
    `shop_seconds_bucket{le="0.1"} ${scrape}`,
    `shop_seconds_bucket{le="+Inf"} ${scrape * 2}`,
    `shop_seconds_sum ${scrape * 1.5}`,
    `shop_seconds_count ${scrape * 2}`,
    '# TYPE shop_size summary',
    `shop_size{quantile="0.5"} ${scrape + 0.25}`,
    `shop_size_sum ${scrape * 7}`,
    `shop_size_count ${scrape}`,
    '# TYPE target info',
    'target_info{service_version="1.2.3"} 1',
  ]
  if (scrape <= 3) lines.push('# TYPE shop_vanishing gauge', `shop_vanishing ${scrape}`)
  return `${[...lines, '# EOF'].join('\n')}\n`
}
