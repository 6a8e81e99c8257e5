/*
 * The k6 scenario of ingest under its own name: `k6 run -e BODIES=/tmp/bodies load/ingest.ts`. `npm run load -- ingest` starts a Davy
 * and sends it the bodies.
 */
export { handleSummary, logs, metrics, options, setup, teardown, traces } from './scenarios/ingest.ts'
