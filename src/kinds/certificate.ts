/** Certificates, by hostname. A missing one is requested; an extra one stays; none is deleted without a person. */
import type { Change } from '#domain/change.ts';
import { driftKey } from '#domain/change.ts';
import type { Finding, PlanContext } from '#domain/finding.ts';
import { isSettledAt, NOTHING } from '#domain/finding.ts';
import { priceCertificates } from '#domain/price.ts';
import { ok } from '#domain/result.ts';
import type { Kind } from './kind.ts';

export const certificate: Kind<'certificate'> = {
  name: 'certificate',
  rank: 2,
  owned: ['certificate'],
  plan: planCertificates,
  undo: (action) => (action.verb === 'create' ? { kind: 'certificate', verb: 'destroy', hostname: action.hostname } : null),
  repeatable: ({ verb }) => verb === 'destroy',
  price: priceCertificates,
  observe: async ({ fly }, app, signal) => {
    const certificates = await fly.listCertificates(app, signal);
    return certificates.ok ? ok({ certificates: certificates.value }) : certificates;
  },
  find: async ({ fly }, { app, action }, _since, signal) => {
    const listed = await fly.listCertificates(app, signal);
    if (!listed.ok) return listed;
    const there = listed.value.some(({ hostname }) => hostname === action.hostname);
    return ok(there === (action.verb === 'create') ? { id: action.hostname } : null);
  },
  apply: async ({ fly }, { app, action }, signal) => {
    const listed = await fly.listCertificates(app, signal);
    if (!listed.ok) return listed;
    const there = listed.value.some(({ hostname }) => hostname === action.hostname);
    if (there === (action.verb === 'create')) return ok({ id: action.hostname });
    const done =
      action.verb === 'create'
        ? await fly.requestCertificate(app, action.hostname, signal)
        : await fly.deleteCertificate(app, action.hostname, signal);
    return done.ok ? ok({ id: action.hostname }) : done;
  },
};

function planCertificates(context: PlanContext): Finding {
  const { app, observed } = context;
  if (observed.info === null) return NOTHING;
  const missing = (app.certificates ?? []).filter((hostname) => !observed.certificates.some((seen) => seen.hostname === hostname));
  const now = missing.map((hostname): Change => {
    return {
      app: app.app,
      subject: hostname,
      action: { kind: 'certificate', verb: 'create', hostname },
      cause: isSettledAt(context) ? 'drift' : 'change',
      urgent: false,
      fields: [{ pointer: 'certificate', from: null, to: hostname, group: 'certificate' }],
      why: `request a certificate for ${hostname}`,
      group: null,
      region: null,
      restarts: false,
      destroys: false,
      downtime: false,
      needsApproval: null,
    };
  });
  const drifted = isSettledAt(context) ? now : [];
  const drifts = drifted.flatMap(({ subject, fields }) =>
    fields.map((field) => ({
      app: app.app,
      kind: 'certificate' as const,
      subject,
      field,
      urgent: false,
      key: driftKey(app.app, 'certificate', subject, field.pointer),
    })),
  );
  return { ...NOTHING, now, drifts };
}
