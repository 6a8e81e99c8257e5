import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/real-sources/**/*.test.ts'],
    testTimeout: 60_000,
    // Loki says for half a minute that it is not ready.
    hookTimeout: 180_000,
    pool: 'forks',
    maxWorkers: 1,
  },
})
