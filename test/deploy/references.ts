/** Checks that the documents refer only to things that exist. */
import type { IScaledObject } from '@kubernetes-models/keda/keda.sh/v1alpha1/ScaledObject';
import type { IDeployment } from 'kubernetes-models/apps/v1/Deployment';
import type { IHorizontalPodAutoscaler } from 'kubernetes-models/autoscaling/v2/HorizontalPodAutoscaler';
import type { IPodDisruptionBudget } from 'kubernetes-models/policy/v1/PodDisruptionBudget';
import type { IService } from 'kubernetes-models/v1/Service';
import { ofKind, podTemplateOf, type Manifest } from './manifests.js';

type Labels = Record<string, string>;

export function referenceFaultsOf(documents: Manifest[]): string[] {
  return [
    ...documents.flatMap((document) => selectorFaults(document, documents)),
    ...documents.flatMap((document) => nameFaults(document, documents)),
    ...scaledFaults(documents),
    ...ofKind<IService>(documents, 'Service').flatMap((service) => portFaults(service, documents)),
    ...ofKind<IScaledObject>(documents, 'ScaledObject').flatMap((document) =>
      triggerFaults(document, documents),
    ),
  ];
}

/** A selector selects the pods of one Deployment: its own, or the one with its name. */
function selectorFaults(document: Manifest, documents: Manifest[]): string[] {
  const labels = selectorsOf(document);
  const deployments = ofKind<IDeployment>(documents, 'Deployment');
  return labels.flatMap((selector) => {
    const selected = deployments.filter(({ spec }) =>
      matches(selector, spec?.template.metadata?.labels ?? {}),
    );
    const names = selected.map(({ metadata }) => metadata.name).join();
    return names === document.metadata.name
      ? []
      : [`${document.kind} ${document.metadata.name}: selects the pods of ${names || 'nothing'}`];
  });
}

function selectorsOf(document: Manifest): Labels[] {
  const spread = podTemplateOf(document)?.spec?.topologySpreadConstraints ?? [];
  const own =
    document.kind === 'Service'
      ? (document as unknown as IService).spec?.selector
      : (document as unknown as IDeployment | IPodDisruptionBudget).spec?.selector?.matchLabels;
  return [own, ...spread.map(({ labelSelector }) => labelSelector?.matchLabels)].filter(
    (labels): labels is Labels => labels !== undefined,
  );
}

function matches(selector: Labels, labels: Labels): boolean {
  return Object.entries(selector).every(([name, value]) => labels[name] === value);
}

/** Users create the Secrets. A test checks that they are documented. */
function nameFaults(document: Manifest, documents: Manifest[]): string[] {
  const pod = podTemplateOf(document)?.spec;
  const named = (pod?.containers ?? []).flatMap(({ envFrom = [] }) =>
    envFrom.flatMap(({ configMapRef }) => (configMapRef?.name ? [['ConfigMap', configMapRef.name]] : [])),
  );
  if (pod) named.push(['ServiceAccount', pod.serviceAccountName ?? '']);
  return named
    .filter(([kind, name]) => !documents.some((each) => each.kind === kind && each.metadata.name === name))
    .map(([kind, name]) => `${document.kind} ${document.metadata.name}: there is no ${kind} ${name}`);
}

/** Each Deployment has one autoscaler and does not set the number of replicas itself. */
function scaledFaults(documents: Manifest[]): string[] {
  const scaled = [
    ...ofKind<IHorizontalPodAutoscaler>(documents, 'HorizontalPodAutoscaler'),
    ...ofKind<IScaledObject>(documents, 'ScaledObject'),
  ].map(({ spec }) => spec?.scaleTargetRef.name);
  const deployments = ofKind<IDeployment>(documents, 'Deployment');
  const names = deployments.map(({ metadata }) => metadata.name);
  return [
    ...(scaled.sort().join() === names.sort().join()
      ? []
      : [`${scaled.join()} are scaled, not ${names.join()}`]),
    ...deployments
      .filter(({ spec }) => spec?.replicas !== undefined)
      .map(({ metadata }) => `Deployment ${metadata.name}: says how many there are`),
  ];
}

/** KEDA reads the metrics from the API's Service, with a key that exists. */
function triggerFaults({ metadata, spec }: IScaledObject & Manifest, documents: Manifest[]): string[] {
  const names = spec.triggers.map(({ name }) => name);
  const terms = (spec.advanced as { scalingModifiers?: { formula?: string } } | undefined)?.scalingModifiers
    ?.formula;
  const faults = terms?.split(' + ').join() === names.join() ? [] : [`adds ${terms} of ${names.join()}`];
  for (const { metadata: trigger, authenticationRef } of spec.triggers) {
    const { hostname, port, pathname } = new URL(trigger.url);
    const [serviceName] = hostname.split('.');
    const service = ofKind<IService>(documents, 'Service').find((each) => each.metadata.name === serviceName);
    const ports = service?.spec?.ports ?? [];
    if (!ports.some((each) => String(each.port) === (port || '80')))
      faults.push(`nothing at ${hostname}:${port}`);
    if (!hostname.endsWith('.svc') || pathname !== '/metrics') faults.push(`no metrics at ${trigger.url}`);
    const keys = documents.filter(({ kind }) => kind === 'TriggerAuthentication');
    if (!keys.some((key) => key.metadata.name === authenticationRef?.name)) faults.push('has no key');
  }
  return faults.map((fault) => `ScaledObject ${metadata.name}: ${fault}`);
}

/** A Service targets ports that its pods have. */
function portFaults({ metadata, spec }: IService & Manifest, documents: Manifest[]): string[] {
  const ports = ofKind<IDeployment>(documents, 'Deployment')
    .map((deployment) => deployment.spec?.template)
    .filter((template) => matches(spec?.selector ?? {}, template?.metadata?.labels ?? {}))
    .flatMap((template) => template?.spec?.containers ?? [])
    .flatMap((container) => container.ports ?? [])
    .map(({ name }) => name);
  return (spec?.ports ?? [])
    .filter(({ targetPort }) => !ports.includes(String(targetPort)))
    .map(({ targetPort }) => `Service ${metadata.name}: no pod has a port ${targetPort}`);
}
