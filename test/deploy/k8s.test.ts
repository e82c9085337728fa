import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'tap'
import { parse } from 'yaml'
import { readConfig } from '../../plugins/config/index.js'
import { DRAIN_MARGIN_MS } from '../../plugins/lifecycle.js'
import { Config } from '../../schemas/config.js'
import { limits } from '../../schemas/wire.js'
import { build } from '../support/application.js'
import { readDockerfile } from '../support/dockerfile.js'
import { missing } from '../support/missing.js'
import { top } from '../support/process.js'

const folder = join(top, 'deploy/k8s')
const names = readdirSync(folder).filter(name => name.endsWith('.yaml'))
// Kubernetes' own schemas check the shapes; a property that is missing here fails its test.
// biome-ignore lint/suspicious/noExplicitAny: documents of many kinds
const read = (name: string): any => parse(readFileSync(join(folder, `${name}.yaml`), 'utf8'))
const [deployment, configmap, secret, service] = ['deployment', 'configmap', 'secret', 'service'].map(read)
const pod = deployment.spec.template.spec
const [container] = pod.containers

/** Put there by `.ci/run`. */
const validator = join(top, '.cache/k8s/bin/kubernetes-validate')
const skip = missing(existsSync(validator), 'kubernetes-validate')

test('every manifest is valid for Kubernetes and has no unknown property', {
  skip,
}, async t => {
  for (const name of names.filter(name => name !== 'kustomization.yaml')) {
    const { status, stdout, stderr } = spawnSync(validator, ['--strict', '--quiet', join(folder, name)], {
      encoding: 'utf8',
    })
    t.equal(status, 0, `${name} ${stdout}${stderr}`)
  }
})

test('kustomization.yaml lists every manifest except the empty secret', async t => {
  const others = names.filter(name => !['kustomization.yaml', 'secret.yaml'].includes(name))
  t.strictSame([...read('kustomization').resources].sort(), others.sort())
  for (const name of others) {
    const { kind, metadata } = read(name.replace('.yaml', ''))
    t.equal(kind === 'Namespace' ? metadata.name : metadata.namespace, read('namespace').metadata.name, name)
  }
})

test('the variables are a valid configuration once the secret is filled in', async t => {
  for (const name of Object.keys({ ...configmap.data, ...secret.stringData })) t.ok(name in Config.properties, name)
  for (const [name, value] of Object.entries(configmap.data)) t.type(value, 'string', name)
  t.throws(() => readConfig({ ...configmap.data, ...secret.stringData }), /^JWT_SECRET must be set/)
  const filled = Object.keys(secret.stringData).map(name => [name, 'a secret of at least 32 characters'])
  const config = readConfig({ ...configmap.data, ...Object.fromEntries(filled) })
  t.match(config, { IS_DEV: 'prod', HOST: '0.0.0.0', MONGODB_URI: String, REDIS_ADDR: String })
  t.equal(container.ports[0].containerPort, config.PORT)
  t.strictSame(
    container.envFrom.map((from: object) => Object.values(from)[0].name),
    [configmap.metadata.name, secret.metadata.name],
  )
  const text = readFileSync(join(folder, 'README.md'), 'utf8')
  for (const name of Object.keys(secret.stringData)) t.match(text, `--from-literal=${name}=`)
})

test('a pod leaves the service before it drains, and has time to finish', async t => {
  const { DRAIN_MS } = readConfig({ DRAIN_MS: configmap.data.DRAIN_MS })
  const before_s = container.lifecycle.preStop.sleep.seconds
  t.ok(before_s > 0)
  t.ok(pod.terminationGracePeriodSeconds * 1000 > before_s * 1000 + DRAIN_MS + DRAIN_MARGIN_MS)
  t.strictSame(deployment.spec.strategy.rollingUpdate, { maxUnavailable: 0, maxSurge: 1 })
})

test('a server without its store is alive but not ready', async t => {
  const { startupProbe, livenessProbe, readinessProbe } = container
  t.equal(livenessProbe.httpGet.path, '/health')
  t.equal(startupProbe.httpGet.path, '/health')
  t.equal(readinessProbe.httpGet.path, '/ready')
  for (const { httpGet } of [startupProbe, livenessProbe, readinessProbe])
    t.equal(httpGet.port, container.ports[0].name)
  // The server gives its store 2 s to answer.
  t.ok(readinessProbe.timeoutSeconds > 2)
  const app = await build(t)
  t.equal((await app.inject(readinessProbe.httpGet.path)).statusCode, 200)
  await app.store.close()
  t.equal((await app.inject(readinessProbe.httpGet.path)).statusCode, 503)
  t.equal((await app.inject(livenessProbe.httpGet.path)).statusCode, 200)
})

test('a pod has minimal privileges and the user and folders of the image', async t => {
  t.match(pod.securityContext, { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } })
  t.strictSame(container.securityContext, {
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ['ALL'] },
  })
  t.equal(pod.automountServiceAccountToken, false)
  const image = readDockerfile(new URL('../../../Dockerfile', import.meta.url)).at(-1)
  const last = (name: string) => image?.instructions.findLast(instruction => instruction.name === name)?.rest
  t.equal(`${pod.securityContext.runAsUser}:${pod.securityContext.runAsGroup}`, last('USER'))
  const mounts = container.volumeMounts.map(({ mountPath }: { mountPath: string }) => mountPath)
  t.strictSame(mounts.sort(), [last('VOLUME'), '/tmp'].sort())
  t.ok(container.resources.requests.cpu && container.resources.limits.memory)
})

test('all manifests select the same pods', async t => {
  const { labels } = deployment.spec.template.metadata
  const selectors = [
    deployment.spec.selector.matchLabels,
    service.spec.selector,
    read('pdb').spec.selector.matchLabels,
    read('networkpolicy').spec.podSelector.matchLabels,
    pod.topologySpreadConstraints[0].labelSelector.matchLabels,
  ]
  for (const selector of selectors) t.strictSame(selector, labels)
  t.equal(service.spec.ports[0].targetPort, container.ports[0].name)
  const paths = read('ingress').spec.rules[0].http.paths as { path: string; backend: { service: object } }[]
  const port = { name: service.spec.ports[0].name }
  t.strictSame(
    paths.map(({ path, backend }) => [path, backend.service]),
    [
      ['/metrics', { name: 'talkie-closed', port }],
      ['/', { name: service.metadata.name, port }],
    ],
  )
  t.equal(read('service-closed').spec.selector, undefined, 'what the ingress does not pass on reaches no pod')
  t.strictSame(read('ingress').spec.tls[0].hosts, [read('ingress').spec.rules[0].host])
  t.match(read('hpa').spec.scaleTargetRef, { kind: deployment.kind, name: deployment.metadata.name })
  t.equal(deployment.spec.replicas, undefined, 'a rollout does not override the autoscaler')
})

test('the ingress keeps a silent socket longer than a heartbeat and accepts the largest body', async t => {
  const { annotations } = read('ingress').metadata
  const { HEARTBEAT_MS } = readConfig({ HEARTBEAT_MS: configmap.data.HEARTBEAT_MS })
  for (const kind of ['read', 'send']) {
    t.ok(Number(annotations[`nginx.ingress.kubernetes.io/proxy-${kind}-timeout`]) * 1000 > 2 * HEARTBEAT_MS)
  }
  const body = Number.parseInt(annotations['nginx.ingress.kubernetes.io/proxy-body-size'], 10) * 1024
  t.ok(body >= limits.FRAME_BYTES_MAX)
})

test('the autoscaler goes by CPU of one core, and by a patch also by a metric of /metrics', async t => {
  const app = await build(t)
  const { body } = await app.inject(deployment.spec.template.metadata.annotations['prometheus.io/path'])
  t.match(read('hpa').spec.metrics, [{ type: 'Resource', resource: { name: 'cpu' } }])
  t.equal(read('hpa').spec.metrics.length, 1)
  t.equal(container.resources.requests.cpu, '1')
  const [{ path, value }] = read('patches/hpa-sockets') as unknown as [
    { path: string; value: { pods: { metric: { name: string } } } },
  ]
  t.equal(path, '/spec/metrics/-')
  t.match(body, `# TYPE ${value.pods.metric.name} gauge`)
})
