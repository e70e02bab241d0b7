/** What is to be written of an app's secrets. All that changed goes in one write; what must wait for a person, or for its grace, stands apart. Pure. */
import type { Cause, Change, Drift, FieldDifference, SecretItem } from './change.ts';
import { driftKey } from './change.ts';
import type { SecretDeclaration } from './desired-sources.ts';
import type { Finding, PlanContext } from './finding.ts';
import { intentFor, NOTHING } from './finding.ts';
import type { ObservedSecret } from './observed.ts';
import { isActive, isStarted } from './observed.ts';
import type { Hold } from './plan.ts';
import { rotationHolds } from './secret-age.ts';
import { declaredNames, isBoundToRevision, type SecretReading, type SecretRecord, sourceText } from './secret-picture.ts';
import { lacksVersion } from './secret-records.ts';
import { belongingOf } from './stamp.ts';

/** All secrets of an app are written at once: one subject, one open intent. */
export const SUBJECT = 'secrets';
const NOT_READ: SecretReading = { fingerprint: null, faults: [] };

type Judged =
  | {
      readonly is: 'wanted';
      readonly cause: Extract<Cause, 'change' | 'drift'>;
      readonly item: SecretItem;
      readonly field: FieldDifference;
      readonly older: boolean;
    }
  | { readonly is: 'held'; readonly hold: Hold }
  /** Somebody else set it, and nobody here has a value to put in its place. */
  | { readonly is: 'elsewhere'; readonly hold: Hold; readonly field: FieldDifference };

export function planSecrets(context: PlanContext): Finding {
  const { app, observed, secrets } = context;
  if (!app.enabled || app.excluded) return NOTHING;
  if (observed.info === null) return { ...NOTHING, holds: faultHolds(context) };
  const judged = declaredNames(app).flatMap((name) => judge(context, name));
  const wanted = judged.flatMap((one) => (one.is === 'wanted' ? [one] : []));
  const now = [
    setChange(
      context,
      wanted.filter(({ cause, older }) => cause === 'change' && !older),
      null,
    ),
    setChange(
      context,
      wanted.filter(({ cause, older }) => cause === 'drift' && !older),
      null,
    ),
    setChange(
      context,
      wanted.filter(({ older }) => older),
      'the source gives a value that was replaced before',
    ),
    learnChange(context),
    ...pruneChanges(context),
  ].flatMap((change) => change ?? []);
  return {
    ...NOTHING,
    now,
    holds: [
      ...faultHolds(context),
      ...judged.flatMap((one) => (one.is === 'wanted' ? [] : [one.hold])),
      ...rotationHolds(app, secrets, observed, context.now),
    ],
    drifts: judged.flatMap((one) =>
      one.is === 'elsewhere' || (one.is === 'wanted' && one.cause === 'drift') ? [driftOf(context, one.field)] : [],
    ),
  };
}

function judge(context: PlanContext, name: string): readonly Judged[] {
  const { app, observed, secrets } = context;
  const declaration = app.secrets?.[name];
  const reading = secrets.readings.get(name) ?? NOT_READ;
  const { fingerprint, faults } = reading;
  const seen = observed.secrets.find((secret) => secret.name === name) ?? null;
  const record = secrets.records.get(name) ?? null;
  if (declaration === undefined || faults.length > 0) return [];
  const moved = record !== null && seen !== null && seen.digest !== record.digest;
  if (fingerprint === null) return declaration.from.pushed === undefined ? [] : withoutValue(context, name, declaration, seen, moved);
  if (secrets.pinned.has(fingerprint)) return goBack(context, name, reading, seen);
  const sourceMoved = record === null || record.keyId !== secrets.keyId || record.fingerprint !== fingerprint;
  const unknown = record === null || record.keyId !== secrets.keyId;
  if (seen !== null && (unknown ? !secrets.asked : !sourceMoved && !moved)) return [];
  const cause = sourceMoved ? 'change' : 'drift';
  const stood = record?.older.includes(fingerprint) === true;
  // On the way back an older value is what is gone back to.
  const back = stood && context.release === 'back';
  const older = stood && !back && !isBoundToRevision(declaration.from);
  const item: SecretItem = {
    name,
    fingerprint,
    from: 'source',
    previous: reading.previous ?? null,
    before: seen === null ? null : { digest: seen.digest, updatedAt: seen.updatedAt },
    reversible: reversibleBy(declaration, reading, seen),
    ...(back ? { returns: true } : {}),
  };
  return [{ is: 'wanted', cause, item, older, field: fieldOf(name, declaration, seen, record, sourceMoved) }];
}
/** A value that failed in a release. Where it stands, the one before is put in its place if it can be had; it is never written again. */
function goBack(
  context: PlanContext,
  name: string,
  { fingerprint, previous }: SecretReading,
  seen: ObservedSecret | null,
): readonly Judged[] {
  const stands = seen !== null && context.secrets.records.get(name)?.fingerprint === fingerprint;
  if (!stands) return [{ is: 'held', hold: hold(context, 'RevisionPinned', name, `this value of ${name} failed in a release`) }];
  if (previous === undefined || context.secrets.pinned.has(previous))
    return [{ is: 'held', hold: hold(context, 'SecretNotReversible', name, `${name} stays at a value that failed in a release`) }];
  const before = { digest: seen.digest, updatedAt: seen.updatedAt };
  const item: SecretItem = { name, fingerprint: previous, from: 'previous', previous: null, before, reversible: null };
  const field: FieldDifference = {
    pointer: `/${name}`,
    from: 'a value that failed',
    to: 'the value before, of `previous`',
    group: 'secret',
  };
  return [{ is: 'wanted', cause: 'change', item, older: false, field }];
}
function reversibleBy({ from }: SecretDeclaration, { previous }: SecretReading, seen: ObservedSecret | null): SecretItem['reversible'] {
  if (seen === null) return 'absent';
  if (previous !== undefined) return 'previous';
  return isBoundToRevision(from) ? 'revision' : null;
}
/** Names and origins only. */
function fieldOf(
  name: string,
  { from }: SecretDeclaration,
  seen: ObservedSecret | null,
  record: SecretRecord | null,
  sourceMoved: boolean,
): FieldDifference {
  const before = seen === null ? 'not set' : sourceMoved ? 'the value before' : 'a value set elsewhere';
  const given = sourceMoved && record !== null ? 'a new value' : 'the value';
  return { pointer: `/${name}`, from: before, to: `${given} of ${sourceText(from)}`, group: 'secret' };
}
/** A pushed one, and nothing was pushed now. */
function withoutValue(
  context: PlanContext,
  name: string,
  declaration: SecretDeclaration,
  seen: ObservedSecret | null,
  moved: boolean,
): readonly Judged[] {
  if (seen === null) {
    if (declaration.required === false) return [];
    return [
      {
        is: 'held',
        hold: hold(
          context,
          'SecretUnready',
          name,
          `${name} is not on the platform: \`trimtab secrets sync ${context.environment.name}\` brings it`,
        ),
      },
    ];
  }
  if (!moved) return [];
  const field: FieldDifference = { pointer: `/${name}`, from: 'a value set elsewhere', to: 'the value that was pushed', group: 'secret' };
  return [{ is: 'elsewhere', field, hold: hold(context, 'SecretChanged', name, `${name} was set by somebody else and is left as it is`) }];
}

type Wanted = Extract<Judged, { readonly is: 'wanted' }>;
function setChange(context: PlanContext, wanted: readonly Wanted[], needsApproval: string | null): Change | null {
  const [first] = wanted;
  if (first === undefined) return null;
  const { secrets, observed, owner } = context;
  const items = wanted.map(({ item }) => item);
  const names = items.map(({ name }) => name).join(', ');
  const running = observed.machines.some(
    (machine) => isActive(machine) && isStarted(machine) && belongingOf(machine, owner).is !== 'foreign',
  );
  const lost = items.filter(({ reversible }) => reversible === null).map(({ name }) => name);
  const verb = secrets.stage ? 'stage' : first.cause === 'drift' ? 'put back' : 'set';
  return {
    ...base(context),
    action: { kind: 'secret', verb: 'set', keyId: secrets.keyId, items, staged: secrets.stage },
    cause: first.cause,
    fields: wanted.map(({ field }) => field),
    why: `${verb} ${names}${lost.length === 0 ? '' : ` (cannot be taken back: ${lost.join(', ')})`}`,
    restarts: running && !secrets.stage,
    needsApproval,
  };
}
function base(context: PlanContext) {
  return {
    app: context.app.app,
    subject: SUBJECT,
    urgent: false,
    fields: [],
    group: null,
    region: null,
    restarts: false,
    destroys: false,
    downtime: false,
    needsApproval: null,
  } as const;
}
/** Several writes that may go now are one. */
export function mergeSecretWrites(changes: readonly Change[]): readonly Change[] {
  const sets = changes.flatMap((change) =>
    change.action.kind === 'secret' && change.action.verb === 'set' ? [{ change, action: change.action }] : [],
  );
  const [first, ...others] = sets;
  if (first === undefined || others.length === 0) return changes;
  const merged: Change = {
    ...first.change,
    action: { ...first.action, items: sets.flatMap(({ action }) => action.items) },
    cause: sets.some(({ change }) => change.cause === 'change') ? 'change' : 'drift',
    fields: sets.flatMap(({ change }) => change.fields),
    why: sets.map(({ change }) => change.why).join(', '),
  };
  const gone = new Set(sets.map(({ change }) => change));
  return [...changes.filter((change) => !gone.has(change)), merged];
}
function learnChange(context: PlanContext): Change | null {
  if (![...context.secrets.records.values()].some(lacksVersion)) return null;
  const probe = `TRIMTAB_PROBE_${intentFor(context.seed, `${context.app.app}/secret/probe`).slice(0, 12).toUpperCase()}`;
  return {
    ...base(context),
    action: { kind: 'secret', verb: 'learn', probe },
    cause: 'release',
    urgent: true,
    why: 'ask for the version of the secrets that were written',
  };
}

export function unknownNames({ app, observed }: Pick<PlanContext, 'app' | 'observed'>): readonly string[] {
  // Without a word about secrets an app says nothing about those it has.
  if (app.excluded || (app.secrets === undefined && app.unknownSecrets === undefined)) return [];
  return app.unknownSecrets === 'ignore'
    ? []
    : observed.secrets.map(({ name }) => name).filter((name) => app.secrets?.[name] === undefined);
}
/** One by one: each is a value that nobody can bring back. */
function pruneChanges(context: PlanContext): readonly Change[] {
  if (context.app.unknownSecrets !== 'prune') return [];
  return (
    unknownNames(context)
      // Staged for a revision that is still to come.
      .filter((name) => context.secrets.records.get(name)?.staged !== true)
      .map((name) => ({
        ...base(context),
        subject: name,
        action: { kind: 'secret', verb: 'destroy', names: [name] },
        cause: 'prune',
        fields: [{ pointer: `/${name}`, from: 'set', to: null, group: 'secret' }],
        why: `take ${name} away: nobody declares it`,
        destroys: true,
        needsApproval: `the value of ${name} cannot be had back`,
      }))
  );
}

/** Named one by one, each with its remedy. */
function faultHolds(context: PlanContext): readonly Hold[] {
  return declaredNames(context.app).flatMap((name) =>
    (context.secrets.readings.get(name)?.faults ?? []).map(({ message, remedy }) =>
      hold(context, 'SecretUnready', name, `${message}: ${remedy}`),
    ),
  );
}
const hold = ({ app }: PlanContext, reason: Hold['reason'], subject: string, message: string): Hold => ({
  reason,
  app: app.app,
  subject,
  message,
  until: null,
  change: null,
});
function driftOf({ app }: PlanContext, field: FieldDifference): Drift {
  return { app: app.app, kind: 'secret', subject: SUBJECT, field, urgent: false, key: driftKey(app.app, 'secret', SUBJECT, field.pointer) };
}
/** A write of secrets is among these: the machines come after it. */
export const writesSecrets = (changes: readonly Change[]): boolean =>
  changes.some(({ action }) => action.kind === 'secret' && action.verb === 'set' && !action.staged);
/** What the platform lacks, and no source gives: nothing that needs it may be released. */
export function isUnready({ app, secrets, observed }: Pick<PlanContext, 'app' | 'secrets' | 'observed'>): readonly string[] {
  return declaredNames(app).filter((name) => {
    const declaration = app.secrets?.[name];
    if ((secrets.readings.get(name)?.faults ?? []).length > 0) return true;
    // An app that is yet to be made can hold none.
    const there = observed.info === null || observed.secrets.some((secret) => secret.name === name);
    return (
      declaration?.from.pushed !== undefined &&
      declaration.required !== false &&
      !there &&
      (secrets.readings.get(name)?.fingerprint ?? null) === null
    );
  });
}
