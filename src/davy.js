#!/usr/bin/env node
import { existsSync } from 'node:fs'

// The package has only dist; a clone runs its sources, so that nothing is to be built and nothing is stale.
const isClone = existsSync(new URL('main.ts', import.meta.url))

// Four queries that run would starve the usual four threads. They are started at their first use, which is none up to here.
process.env.UV_THREADPOOL_SIZE ??= '16'

try {
  await (isClone ? import('./main.ts') : import('../dist/main.js'))
} catch (error) {
  // Not Node's code for an uncaught error: 1 is what `davy wait --exit-code` says for a rollback.
  console.error('davy: cannot be loaded; is `npm ci` done?', error)
  process.exit(3)
}
