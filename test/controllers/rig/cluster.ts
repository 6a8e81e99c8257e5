import { generateKeyPairSync } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  CoreV1Api,
  KubeConfig,
  type KubernetesObject,
  KubernetesObjectApi,
  PatchStrategy,
} from '@kubernetes/client-node'
import { startPodPatcher } from './pod-patcher.ts'
import { freePorts, startProcess } from './processes.ts'
import { toolPath } from './tool-path.ts'

/** A Kubernetes control plane on the loopback: no nodes, no scheduler, no network, no rights to check. */
export type Cluster = {
  /** A file for the controllers. */
  readonly kubeconfig: string
  readonly config: KubeConfig
  readonly core: CoreV1Api
  readonly objects: KubernetesObjectApi
  /** Server-side apply, as `kubectl apply --server-side --force-conflicts` does it. */
  apply(object: KubernetesObject): Promise<void>
  /** A JSON merge patch, as `kubectl patch --type merge` does it. */
  merge(change: KubernetesObject & { readonly spec?: object }): Promise<void>
}

/** The node that workloads name in `spec.nodeName`, which makes a scheduler superfluous. There is no such node. */
export const nodeName = 'no-node'

async function startEtcd(folder: string, stack: AsyncDisposableStack): Promise<string> {
  const [client, peer] = await freePorts(2)
  const url = `http://127.0.0.1:${client}`
  const process = await startProcess({
    name: 'etcd',
    file: toolPath('bin/etcd'),
    args: [
      ...['--data-dir', join(folder, 'etcd'), '--unsafe-no-fsync', '--log-level', 'warn'],
      ...['--listen-client-urls', url, '--advertise-client-urls', url],
      ...['--listen-peer-urls', `http://127.0.0.1:${peer}`],
      ...['--initial-advertise-peer-urls', `http://127.0.0.1:${peer}`],
      ...['--initial-cluster', `default=http://127.0.0.1:${peer}`],
    ],
    logFile: join(folder, 'etcd.log'),
    isReady: async () => (await fetch(`${url}/health`)).ok,
  })
  stack.defer(() => process.stop())
  return url
}

type ApiServer = { readonly config: KubeConfig; readonly kubeconfig: string; readonly keyFile: string }

async function startApiServer(folder: string, etcd: string, stack: AsyncDisposableStack): Promise<ApiServer> {
  const [port] = await freePorts(1)
  const keyFile = join(folder, 'service-accounts.key')
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  writeFileSync(keyFile, privateKey.export({ type: 'pkcs1', format: 'pem' }), { mode: 0o600 })
  writeFileSync(join(folder, 'tokens.csv'), 'rig,rig,rig,"system:masters"\n', { mode: 0o600 })
  const config = new KubeConfig()
  config.loadFromOptions({
    clusters: [
      {
        name: 'rig',
        server: `https://127.0.0.1:${port}`,
        caFile: join(folder, 'certs/apiserver.crt'),
        skipTLSVerify: false,
      },
    ],
    users: [{ name: 'rig', token: 'rig' }],
    contexts: [{ name: 'rig', cluster: 'rig', user: 'rig' }],
    currentContext: 'rig',
  })
  const process = await startProcess({
    name: 'kube-apiserver',
    file: toolPath('bin/kube-apiserver'),
    args: [
      ...['--etcd-servers', etcd, '--bind-address', '127.0.0.1', '--secure-port', String(port)],
      ...['--cert-dir', join(folder, 'certs'), '--service-cluster-ip-range', '10.96.0.0/16'],
      ...['--authorization-mode', 'AlwaysAllow', '--token-auth-file', join(folder, 'tokens.csv')],
      ...['--service-account-issuer', 'https://kubernetes.default.svc'],
      ...['--service-account-key-file', keyFile, '--service-account-signing-key-file', keyFile],
      // Without this plugin no pod needs a service account.
      ...['--disable-admission-plugins', 'ServiceAccount', '--endpoint-reconciler-type', 'none'],
    ],
    logFile: join(folder, 'kube-apiserver.log'),
    isReady: async () => (await config.makeApiClient(CoreV1Api).listNamespace()).items.some(isDefaultNamespace),
  })
  stack.defer(() => process.stop())
  const kubeconfig = join(folder, 'kubeconfig')
  writeFileSync(kubeconfig, config.exportConfig(), { mode: 0o600 })
  return { config, kubeconfig, keyFile }
}

function isDefaultNamespace(namespace: { readonly metadata?: { readonly name?: string } }): boolean {
  return namespace.metadata?.name === 'default'
}

async function startControllerManager(folder: string, server: ApiServer, stack: AsyncDisposableStack): Promise<void> {
  const [port] = await freePorts(1)
  const controllers = [
    'deployment-controller',
    'replicaset-controller',
    'garbage-collector-controller',
    'job-controller',
  ]
  const process = await startProcess({
    name: 'kube-controller-manager',
    file: toolPath('bin/kube-controller-manager'),
    args: [
      ...['--kubeconfig', server.kubeconfig, '--leader-elect=false', '--bind-address', '127.0.0.1'],
      ...['--secure-port', String(port), '--cert-dir', join(folder, 'controller-manager-certs')],
      ...['--authentication-kubeconfig', server.kubeconfig, '--authorization-kubeconfig', server.kubeconfig],
      ...['--service-account-private-key-file', server.keyFile, '--controllers', controllers.join(',')],
    ],
    logFile: join(folder, 'kube-controller-manager.log'),
    // Its probe speaks TLS with a certificate of its own making; what it makes of a Deployment is asked below.
    isReady: async () => true,
  })
  stack.defer(() => process.stop())
}

/**
 * Starts etcd, the API server, the controller manager and the pod patcher, all with their files in `folder`. What was
 * started stops with `stack`, the last one first.
 */
export async function startCluster(folder: string, stack: AsyncDisposableStack): Promise<Cluster> {
  const etcd = await startEtcd(folder, stack)
  const server = await startApiServer(folder, etcd, stack)
  await startControllerManager(folder, server, stack)
  const core = server.config.makeApiClient(CoreV1Api)
  const objects = KubernetesObjectApi.makeApiClient(server.config)
  const patcher = startPodPatcher(core)
  stack.defer(() => patcher.stop())
  const apply = async (object: KubernetesObject) => {
    await objects.patch(object, undefined, undefined, 'rig', true, PatchStrategy.ServerSideApply)
  }
  const merge = async (change: KubernetesObject) => {
    await objects.patch(change, undefined, undefined, 'rig', undefined, PatchStrategy.MergePatch)
  }
  return { kubeconfig: server.kubeconfig, config: server.config, core, objects, apply, merge }
}
