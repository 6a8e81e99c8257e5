import { askDavy } from './ask-davy.mjs'

const statuses = { SUCCEEDED: 'Succeeded', FAILED: 'Failed' }

/**
 * A lifecycle hook of CodeDeploy (AfterAllowTestTraffic, AfterAllowTraffic), as a Lambda with DAVY_URL, DAVY_TOKEN (role
 * gate), DAVY_SERVICE, DAVY_ENVIRONMENT and DAVY_VERSION. It reports a promote or a rollback and nothing else: without an
 * answer it ends with an error a minute before its own time is over, and CodeDeploy fails a hook that does not report
 * within its hour. Lambda ends after 15 minutes at most, so the template has to decide within that.
 */
export async function handler({ DeploymentId, LifecycleEventHookExecutionId }, context) {
  const { DAVY_SERVICE: service, DAVY_ENVIRONMENT: environment, DAVY_VERSION: version } = process.env
  for (;;) {
    const answer = await askDavy({ service, environment, version }, `codedeploy/${DeploymentId}`)
    const status = statuses[answer.hookStatus]
    if (status !== undefined) return put(DeploymentId, LifecycleEventHookExecutionId, status)
    if (context.getRemainingTimeInMillis() < 60_000) throw new Error(`undecided: ${answer.hookDetails.reason}`)
    await new Promise((resolve) => setTimeout(resolve, 30_000))
  }
}

async function put(deploymentId, lifecycleEventHookExecutionId, status) {
  // The runtime of Lambda has it; nothing else here needs it.
  const sdk = '@aws-sdk/client-codedeploy'
  const { CodeDeployClient, PutLifecycleEventHookExecutionStatusCommand } = await import(sdk)
  const input = { deploymentId, lifecycleEventHookExecutionId, status }
  await new CodeDeployClient({}).send(new PutLifecycleEventHookExecutionStatusCommand(input))
}
