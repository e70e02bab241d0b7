/** What of the accepted revision is released: with what people named for a while, without what is pinned. Pure. */
import { hashOwned, ownedView } from './flyconfig/ownership.ts';
import type { Pin } from './pins.ts';
import { changedParts, contentOf, pinOf, provedIn, takesPart, withDependents } from './pins.ts';
import type { Override, ReleaseBook } from './release-book.ts';
import type { CompiledApp, CompiledEnvironment, CompiledGroup } from './revision.ts';

export interface HeldBack {
  readonly app: string;
  readonly name: string;
  /** Null: it depends on one that is pinned. */
  readonly pin: Pin | null;
  readonly message: string;
}
export interface Effective {
  readonly document: CompiledEnvironment;
  readonly held: readonly HeldBack[];
  readonly overridden: readonly { readonly app: string; readonly message: string }[];
}
export interface EffectiveInput {
  readonly accepted: CompiledEnvironment;
  readonly good: CompiledEnvironment | null;
  readonly book: Pick<ReleaseBook, 'pins' | 'overrides' | 'images'>;
  /** Of revisions that pins name. */
  readonly documents: (id: string) => CompiledEnvironment | null;
}

export function effectiveOf({ accepted, good, book, documents }: EffectiveInput): Effective {
  const named = accepted.apps.map((app) => withNamed(app, book));
  const wanted = { ...accepted, apps: named };
  const pins = new Map(
    named.filter(takesPart).flatMap((app): readonly (readonly [string, Pin])[] => {
      const pin = pinOf(book.pins, app, provedIn(good, app.app));
      return pin === null ? [] : [[app.app, pin]];
    }),
  );
  const heldApps = withDependents(wanted, new Set(pins.keys()));
  // What a person said since then counts for what stays, too: a way back must not take the helm away.
  const insteadOf = (wants: CompiledApp): CompiledApp | null => {
    const { app } = wants;
    const pin = pins.get(app) ?? null;
    const instead = pin?.instead ?? null;
    const kept = instead === null ? provedIn(good, app) : (documents(instead)?.apps.find((one) => one.app === app) ?? null);
    const said = book.overrides.filter((one) => one.app === app && (pin === null || one.at > pin.at));
    if (kept === null) return null;
    const ownCounts = instead !== null || pin?.changed.includes('shape') === true;
    return said.reduce(withOverride, ownCounts ? kept : withCountsOf(wants, kept));
  };
  const held = named.flatMap((app): readonly HeldBack[] => {
    const pin = pins.get(app.app) ?? null;
    if (!heldApps.has(app.app) || !takesPart(app)) return [];
    const stays = insteadOf(app);
    if (pin === null && stays !== null && changedParts(contentOf(stays), contentOf(app)).length === 0) return [];
    return [{ app: app.app, name: app.name, pin, message: messageOf(app, pin, wanted, pins) }];
  });
  const apps = named.flatMap((app): readonly CompiledApp[] => {
    if (!heldApps.has(app.app) || !takesPart(app)) return [app];
    const kept = insteadOf(app);
    // Never proved: it is left out, and what runs of it stays.
    return kept === null ? [] : [{ ...kept, sync: app.sync, dependsOn: app.dependsOn, labels: app.labels, name: app.name }];
  });
  return { document: { ...wanted, apps }, held, overridden: overriddenIn(accepted, book, held) };
}
function messageOf(app: CompiledApp, pin: Pin | null, document: CompiledEnvironment, pins: ReadonlyMap<string, Pin>): string {
  if (pin === null) {
    const on = document.apps.filter((one) => app.dependsOn.includes(one.name) && pins.has(one.app)).map(({ name }) => name);
    return `it depends on ${on.length === 0 ? 'an app' : on.join(', ')} that is held back`;
  }
  if (pin.instead !== null) return `${pin.by} went back from what git says (${pin.reason})`;
  const what = pin.changed.length === 0 ? `secrets ${Object.keys(pin.secrets).join(', ')}` : pin.changed.join(' and ');
  return `its ${what} failed in release ${pin.release ?? 0} (${pin.reason})`;
}
function overriddenIn(accepted: CompiledEnvironment, book: EffectiveInput['book'], held: readonly HeldBack[]): Effective['overridden'] {
  const gitSays = (app: string): string => accepted.apps.find((one) => one.app === app)?.image?.reference ?? 'no image';
  return [
    ...book.overrides.map((override) => ({
      app: override.app,
      message: `${overrideText(override)} until ${new Date(override.until).toISOString()} by ${override.by}: ${override.reason}`,
    })),
    ...book.images.map(({ app, reference, by }) => ({ app, message: `git still says ${gitSays(app)}; ${by} deployed ${reference}` })),
    ...held
      .filter(({ pin }) => pin !== null && pin.instead !== null)
      .map(({ app, pin }) => ({ app, message: `git still says ${gitSays(app)}; ${pin?.by ?? ''} went back: ${pin?.reason ?? ''}` })),
  ];
}
export function overrideText({ image, count, vm, group }: Override): string {
  const where = group === null ? '' : ` of ${group}`;
  if (image !== null) return `image ${image.reference}`;
  if (count !== null) return `${count.machines} machine(s)${count.region === null ? '' : ` in ${count.region}`}${where}`;
  return vm === null ? 'nothing' : `${vm.cpus} ${vm.cpu_kind} CPU(s), ${vm.memory_mb} MB${where}`;
}

/** What stays with its content because something else failed: how many of it run follows git. */
const withCountsOf = ({ groups }: CompiledApp, kept: CompiledApp): CompiledApp => ({
  ...kept,
  groups: kept.groups.map((group) => ({ ...group, regions: groups.find(({ name }) => name === group.name)?.regions ?? group.regions })),
});
function withNamed(app: CompiledApp, { overrides, images }: EffectiveInput['book']): CompiledApp {
  const chosen = images.findLast((one) => one.app === app.app);
  const start = chosen === undefined ? app : { ...app, image: { reference: chosen.reference, digest: chosen.digest } };
  return overrides.filter((one) => one.app === app.app).reduce(withOverride, start);
}
function withOverride(app: CompiledApp, override: Override): CompiledApp {
  const image = override.image === null ? app.image : override.image;
  const groups = app.groups.map((group) =>
    override.group === null || override.group === group.name ? overriddenGroup(group, override) : group,
  );
  return { ...app, image, groups };
}
function overriddenGroup(group: CompiledGroup, { count, vm }: Override): CompiledGroup {
  const regions =
    count === null
      ? group.regions
      : group.regions.map((one) =>
          count.region === null || count.region === one.region ? { ...one, min: count.machines, max: count.machines } : one,
        );
  if (vm === null) return { ...group, regions };
  const config = { ...group.config, guest: { ...group.config.guest, ...vm } };
  const ownership = { ...group.ownership, guest: true };
  return { ...group, regions, config, ownership, hash: hashOwned(ownedView(config, ownership)) };
}
