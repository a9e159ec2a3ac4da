/** The requirements on a pod that runs Trainyard, on any cluster. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { IConfigMap } from 'kubernetes-models/v1/ConfigMap';
import type { IContainer } from 'kubernetes-models/v1/Container';
import type { IPodSpec } from 'kubernetes-models/v1/PodSpec';
import { loadConfig } from '../../src/config.js';
import { ofKind, podTemplateOf, repository, settingsIn, type Manifest } from './manifests.js';

/** src/main.ts ends the process after this time. */
const stopWithinSeconds = 10;

/** The variables that the S3 client reads itself. */
const credentials = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'];

const knownSettings = [...textOf('src/config.ts').matchAll(/^ {2}([A-Z][A-Z_]+): /gm)].map(
  ([, name]) => name,
);

const openapi = JSON.parse(textOf('openapi/openapi.json')) as { paths: Record<string, object> };
const { version } = JSON.parse(textOf('package.json')) as { version: string };

/** The stages of the Dockerfile that produce an image. */
const targets = existsSync(join(repository, 'Dockerfile'))
  ? [...textOf('Dockerfile').matchAll(/^FROM .+ AS ([a-z-]+)$/gm)].map(([, stage]) => stage)
  : ['api', 'worker', 'worker-gpu', 'worker-gpu-tensorflow'];

/** The Secret that a user creates. Values that are commented out are optional. */
export const exampleSecret = settingsIn(
  textOf('deploy/kubernetes/secret.env.example').match(/(?<=^(?:# )?)[A-Z_]+=.*$/gm) ?? [],
);

export function podFaultsOf(documents: Manifest[]): string[] {
  return documents.flatMap((document) => {
    const template = podTemplateOf(document);
    const pod = template?.spec;
    if (pod === undefined) return [];
    const faults = pod.containers.flatMap((container) => [
      ...scrapeFaults(container, template?.metadata?.annotations ?? {}),
      ...securityFaults(pod, container),
      ...volumeFaults(pod, container),
      ...imageFaults(container),
      ...settingFaults(container, documents),
      ...probeFaults(container),
      ...stopFaults(pod, container),
    ]);
    return faults.map((fault) => `${document.kind} ${document.metadata.name}: ${fault}`);
  });
}

/** Kubernetes' Pod Security Standard "restricted", and a read-only root. */
function securityFaults(pod: IPodSpec, { securityContext }: IContainer): string[] {
  return faultsAmong({
    'runs as root': pod.securityContext?.runAsNonRoot === true && pod.securityContext.runAsUser === 1000,
    'seccomp is off': pod.securityContext?.seccompProfile?.type === 'RuntimeDefault',
    'has a token of the cluster': pod.automountServiceAccountToken === false,
    'can gain privileges': securityContext?.allowPrivilegeEscalation === false,
    'has capabilities': securityContext?.capabilities?.drop?.join() === 'ALL',
    'can write to its root': securityContext?.readOnlyRootFilesystem === true,
  });
}

function volumeFaults(pod: IPodSpec, { volumeMounts = [] }: IContainer): string[] {
  const mounted = volumeMounts.map(({ name }) => name).sort();
  const volumes = (pod.volumes ?? []).map(({ name }) => name).sort();
  const paths = volumeMounts.map(({ mountPath }) => mountPath);
  return faultsAmong({
    'mounts other volumes than it has': mounted.join() === volumes.join(),
    'cannot write where it must': paths.includes('/data') && paths.includes('/tmp'),
  });
}

function imageFaults({ image = '' }: IContainer): string[] {
  const [, target = '', tag] = /^trainyard-([a-z-]+):(.+)$/.exec(image) ?? [];
  return faultsAmong({
    [`${image} is no image of the Dockerfile`]: targets.includes(target),
    [`${image} is of another version`]: tag === version,
  });
}

/** The service parses the settings as it does in the pod. */
function settingFaults(container: IContainer, documents: Manifest[]): string[] {
  const settings = settingsOf(container, documents);
  const unknown = Object.keys(settings).filter(
    (name) => !knownSettings.includes(name) && !credentials.includes(name),
  );
  try {
    const { dataDir, host, port, trainingMemoryLimitBytes } = loadConfig(settings);
    const memoryLimit = bytesOf(container.resources?.limits?.memory);
    const role = container.name.replace('-gpu', '');
    return [
      ...unknown.map((name) => `unknown setting ${name}`),
      ...faultsAmong({
        'has another role than its name says': role === 'first-key' || settings.ROLE === role,
        'keeps its data elsewhere than in /data': dataDir === '/data',
        'cannot be reached': host === '0.0.0.0',
        'listens on another port than it says': (container.ports ?? []).every(
          ({ name, containerPort }) => name === 'http' && containerPort === port,
        ),
        'has no room for what is accepted': role !== 'worker' || trainingMemoryLimitBytes <= memoryLimit / 2,
      }),
    ];
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
}

function settingsOf(container: IContainer, documents: Manifest[]): Record<string, string> {
  const maps = ofKind<IConfigMap>(documents, 'ConfigMap');
  const sets = (container.envFrom ?? []).map(({ configMapRef, secretRef }) => {
    if (secretRef?.name === 'trainyard') return exampleSecret;
    return maps.find(({ metadata }) => metadata.name === configMapRef?.name)?.data ?? {};
  });
  const own = (container.env ?? []).map(({ name, value, valueFrom }) => {
    const resource = valueFrom?.resourceFieldRef?.resource.split('.')[1] ?? '';
    return [name, value ?? String(container.resources?.limits?.[resource])];
  });
  return Object.assign({}, ...sets, Object.fromEntries(own)) as Record<string, string>;
}

function probeFaults(container: IContainer): string[] {
  if (container.name === 'first-key') return [];
  const { startupProbe, livenessProbe, readinessProbe } = container;
  return [startupProbe, livenessProbe, readinessProbe].flatMap((probe) => {
    const { path = '', port } = probe?.httpGet ?? {};
    return faultsAmong({
      [`a probe asks for ${path}, which is not there`]: path.startsWith('/health/') && path in openapi.paths,
      [`a probe asks at ${port}`]: container.ports?.some(({ name }) => name === port) === true,
      'a probe waits less than a check may take': (probe?.timeoutSeconds ?? 1) > 2,
    });
  });
}

/** The annotations that Prometheus' example configuration for Kubernetes uses. */
function scrapeFaults({ ports = [] }: IContainer, annotations: Record<string, string>): string[] {
  const { 'prometheus.io/port': port, 'prometheus.io/path': path = '' } = annotations;
  return ports.flatMap(({ containerPort }) =>
    faultsAmong({
      'is scraped at another port': port === String(containerPort),
      [`is scraped at ${path}, which is not there`]: path in openapi.paths,
    }),
  );
}

function stopFaults(pod: IPodSpec, { lifecycle }: IContainer): string[] {
  const needed = stopWithinSeconds + (lifecycle?.preStop?.sleep?.seconds ?? 0);
  return faultsAmong({
    'is killed before it has stopped': (pod.terminationGracePeriodSeconds ?? 30) > needed,
  });
}

/** The conditions that do not hold. */
function faultsAmong(holds: Record<string, boolean>): string[] {
  return Object.entries(holds).flatMap(([fault, held]) => (held ? [] : [fault]));
}

function bytesOf(quantity: number | string | undefined): number {
  const [, count = '0', unit = ''] = /^(\d+)(Mi|Gi)$/.exec(String(quantity)) ?? [];
  return Number(count) * 2 ** (unit === 'Gi' ? 30 : 20);
}

function textOf(path: string): string {
  return readFileSync(join(repository, path), 'utf8');
}
