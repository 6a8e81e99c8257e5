import { askDavy } from './ask-davy.mjs'

/**
 * A lifecycle hook of an Amazon ECS deployment (blue/green, linear, canary), as a Lambda of Node 20 or newer with
 * DAVY_URL and DAVY_TOKEN (role gate). For POST_TEST_TRAFFIC_SHIFT or PRODUCTION_TRAFFIC_SHIFT; hookDetails of the hook:
 * {"service": "checkout", "environment": "production", "version": "2.4.1"}.
 */
export async function handler(event) {
  const revision = event.executionDetails?.targetServiceRevisionArn ?? event.executionId
  if (!revision) throw new Error('the event names no service revision')
  return askDavy(event.hookDetails ?? {}, `ecs/${revision}`)
}
