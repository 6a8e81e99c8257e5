import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/rolling/**/*.test.ts'],
    // Evidence for a rollback takes its time, and eight processes start one after the other.
    testTimeout: 300_000,
    hookTimeout: 60_000,
    pool: 'forks',
    maxWorkers: 1,
  },
})
