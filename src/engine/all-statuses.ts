/** The statuses of every app that was looked at. */
import type { AppStatus } from '#domain/condition.ts';
import type { Controller } from './controller.ts';

export const allStatuses = ({ environments, statusOf }: Pick<Controller, 'environments' | 'statusOf'>): readonly AppStatus[] =>
  environments.targets().flatMap(({ environment, app }) => statusOf(environment.name, app.app) ?? []);
