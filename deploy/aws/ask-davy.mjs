/**
 * Registers the deployment, once for a key however often it is asked about, and reads its gate.
 * @param about {service, environment, version} as telemetry has them.
 * @param key the same for every question about one rollout.
 * @param patienceMs for each of its two questions; Lambda's own time must be longer than both.
 * @returns the gate as an ECS lifecycle hook answers it. Whatever goes wrong is IN_PROGRESS: neither a pass nor a fault.
 */
export async function askDavy({ service, environment, version }, key, env = process.env, patienceMs = 8_000) {
  const wait = (reason) => ({ hookStatus: 'IN_PROGRESS', callBackDelay: 30, hookDetails: { reason } })
  if (!service || !version) return wait('hookDetails of the hook name no service and version')
  const headers = { authorization: `Bearer ${env.DAVY_TOKEN}`, 'content-type': 'application/json' }
  const ask = async (path, init = {}) => {
    const response = await fetch(env.DAVY_URL + path, {
      ...init,
      headers: { ...headers, ...init.headers },
      redirect: 'error',
      signal: AbortSignal.timeout(patienceMs),
    })
    if (response.status !== 200 && response.status !== 201) throw new Error(`Davy answered ${response.status}`)
    return response.json()
  }
  try {
    const { id } = await ask('/api/v1/deployments', {
      method: 'POST',
      headers: { 'idempotency-key': key.slice(-255) },
      body: JSON.stringify({ service, environment, canary: { version } }),
    })
    const answer = await ask(`/api/v1/deployments/${id}/verdict?format=ecs-hook`)
    return ['SUCCEEDED', 'FAILED', 'IN_PROGRESS'].includes(answer?.hookStatus) ? answer : wait('no answer of Davy')
  } catch (error) {
    return wait(`Davy could not be asked: ${error.message}`)
  }
}
