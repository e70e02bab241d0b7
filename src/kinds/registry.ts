/** Every kind, in the order they are written. An explicit list: the order is visible, and a missing case is a type error. */
import type { Action, KindName } from '#domain/change.ts';
import type { PlatformError } from '#domain/errors.ts';
import type { Result } from '#domain/result.ts';
import type { Instant } from '#domain/units.ts';
import type { FlyDep } from '#platform/fly/port.ts';
import { app } from './app.ts';
import { certificate } from './certificate.ts';
import { ipAddress } from './ip-address.ts';
import type { Ports, Receipt, StepOf } from './kind.ts';
import { machineGroup } from './machine-group.ts';
import { secret } from './secret.ts';
import { volume } from './volume.ts';

export const KINDS = [app, ipAddress, certificate, volume, secret, machineGroup] as const;
export const rankOf = (name: KindName): number => KINDS.find((kind) => kind.name === name)?.rank ?? KINDS.length;

/** A step of any kind; the kind is told by its action. */
export interface AnyStep {
  readonly app: StepOf<KindName>['app'];
  readonly subject: string;
  readonly intent: StepOf<KindName>['intent'];
  readonly action: Action;
}
export function applyStep(ports: Ports, step: AnyStep, signal: AbortSignal): Promise<Result<Receipt, PlatformError>> {
  const { action } = step;
  switch (action.kind) {
    case 'app':
      return app.apply(ports, { ...step, action }, signal);
    case 'ip-address':
      return ipAddress.apply(ports, { ...step, action }, signal);
    case 'certificate':
      return certificate.apply(ports, { ...step, action }, signal);
    case 'volume':
      return volume.apply(ports, { ...step, action }, signal);
    case 'secret':
      return secret.apply(ports, { ...step, action }, signal);
    case 'machine-group':
      return machineGroup.apply(ports, { ...step, action }, signal);
  }
}
export function isRepeatable({ action }: AnyStep): boolean {
  switch (action.kind) {
    case 'app':
      return app.repeatable(action);
    case 'ip-address':
      return ipAddress.repeatable(action);
    case 'certificate':
      return certificate.repeatable(action);
    case 'volume':
      return volume.repeatable(action);
    case 'secret':
      return secret.repeatable(action);
    case 'machine-group':
      return machineGroup.repeatable(action);
  }
}
export function findStep(
  ports: FlyDep,
  step: AnyStep,
  since: Instant,
  signal: AbortSignal,
): Promise<Result<Receipt | null, PlatformError>> {
  const { action } = step;
  switch (action.kind) {
    case 'app':
      return app.find(ports, { ...step, action }, since, signal);
    case 'ip-address':
      return ipAddress.find(ports, { ...step, action }, since, signal);
    case 'certificate':
      return certificate.find(ports, { ...step, action }, since, signal);
    case 'volume':
      return volume.find(ports, { ...step, action }, since, signal);
    case 'secret':
      return secret.find(ports, { ...step, action }, since, signal);
    case 'machine-group':
      return machineGroup.find(ports, { ...step, action }, since, signal);
  }
}
