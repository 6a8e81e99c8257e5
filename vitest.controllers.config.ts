import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/controllers/**/*.test.ts'],
    // A scenario waits for evidence, at the controllers' own intervals.
    testTimeout: 1_200_000,
    hookTimeout: 900_000,
    pool: 'forks',
    maxWorkers: 1,
    fileParallelism: false,
    maxConcurrency: 4,
  },
})
