import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // A server of one's own, named by CLICKHOUSE_URL: `npm run test:conformance`.
    exclude: [
      'test/system/**',
      'test/controllers/**',
      'test/rolling/**',
      'test/real-sources/**',
      ...(process.env.CLICKHOUSE_URL === undefined ? ['test/storage/real-server.test.ts'] : []),
    ],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    pool: 'forks',
    maxWorkers: 2,
  },
})
