/** Validates documents against Kubernetes' OpenAPI schema and KEDA's CRDs, which come from packages. */
import { ScaledObject } from '@kubernetes-models/keda/keda.sh/v1alpha1/ScaledObject';
import { TriggerAuthentication } from '@kubernetes-models/keda/keda.sh/v1alpha1/TriggerAuthentication';
import { Deployment } from 'kubernetes-models/apps/v1/Deployment';
import { HorizontalPodAutoscaler } from 'kubernetes-models/autoscaling/v2/HorizontalPodAutoscaler';
import { CronJob } from 'kubernetes-models/batch/v1/CronJob';
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1/PodDisruptionBudget';
import { ConfigMap } from 'kubernetes-models/v1/ConfigMap';
import { Service } from 'kubernetes-models/v1/Service';
import { ServiceAccount } from 'kubernetes-models/v1/ServiceAccount';
import type { Manifest } from './manifests.js';

interface Model {
  apiVersion: string;
  kind: string;
  prototype: { validate(): void };
}

const models: Model[] = [
  ConfigMap,
  CronJob,
  Deployment,
  HorizontalPodAutoscaler,
  PodDisruptionBudget,
  ScaledObject,
  Service,
  ServiceAccount,
  TriggerAuthentication,
];

/**
 * The string fields that a ScaledObject has since KEDA 2.12. The schema in the package is older, and its newer releases
 * need Node.js 22.
 */
const scalingModifiers =
  /^\/spec\/advanced\/scalingModifiers(\/(formula|target|activationTarget|metricType))?$/;

/** The faults of the document by the schema of its kind. */
export function schemaFaultsOf(document: Manifest): string[] {
  const name = `${document.kind} ${document.metadata.name}`;
  const model = models.find(({ apiVersion, kind }) => {
    return apiVersion === document.apiVersion && kind === document.kind;
  });
  if (model === undefined) return [`${name}: no schema of ${document.apiVersion}`];
  const read = new Set<string>(['/apiVersion', '/kind']);
  try {
    model.prototype.validate.call(recording(document, '', read));
  } catch (error) {
    return [`${name}: ${error instanceof Error ? error.message : String(error)}`];
  }
  // The API server refuses unknown fields, but these validators do not. They are compiled from the schema, so a field
  // that a validator never reads is not in the schema.
  return fieldsOf(document, '').flatMap(([path, value]) => {
    if (read.has(path)) return [];
    const place = model === ScaledObject ? scalingModifiers.exec(path) : null;
    if (place === null) return [`${name}: unknown field ${path}`];
    return typeof value === (place[1] ? 'string' : 'object') ? [] : [`${name}: wrong type of ${path}`];
  });
}

function recording<T extends object>(value: T, path: string, read: Set<string>): T {
  return new Proxy(value, {
    get(target, key, receiver) {
      const child: unknown = Reflect.get(target, key, receiver);
      if (typeof key === 'symbol') return child;
      read.add(`${path}/${key}`);
      return isObject(child) ? recording(child, `${path}/${key}`, read) : child;
    },
  });
}

/** Every field at any depth, with its JSON pointer. */
function fieldsOf(value: object, path: string): [string, unknown][] {
  return Object.entries(value).flatMap(([key, child]: [string, unknown]) => {
    const own = `${path}/${key}`;
    return [[own, child], ...(isObject(child) ? fieldsOf(child, own) : [])] as [string, unknown][];
  });
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
