/** When a machine was billed for what, from what the platform tells about it: never from when we happened to look. Pure.
 *
 *  The rules, where sources disagree:
 *  1. Times are the platform's. A controller that was away reads the events of that time when it comes back.
 *  2. What is told now about a time is the truth for it. Before the oldest event told, what is stored stands.
 *     So duplicates, late events and events out of order change nothing or put right what was stored; intervals never overlap.
 *  3. An event that is missing is seen by the state: it changed when the platform says the machine changed, at the latest when it was seen.
 *  4. Before the first look, the oldest event tells what was before it, back to the machine's creation or the start of the billing month.
 *  5. A clock of ours that is wrong or set back moves no interval: it is only used to end what is still open, and never before its start.
 *  6. Whatever had to be concluded is marked as a guess. */
import type { ObservedEvent } from './observed.ts';
import type { MeteredItem } from './rates.ts';
import { type Instant, instant } from './units.ts';

export interface Interval {
  readonly item: MeteredItem;
  readonly cls: string;
  readonly quantity: number;
  readonly from: Instant;
  /** Null: it goes on. */
  readonly to: Instant | null;
  readonly guessed: boolean;
}
export interface MachineSighting {
  readonly state: string;
  /** Newest version's size. */
  readonly cls: string;
  readonly rootfsGb: number;
  readonly createdAt: Instant;
  readonly updatedAt: Instant;
  /** In any order; of a list that tells none: empty. */
  readonly events: readonly ObservedEvent[];
  readonly seenAt: Instant;
  /** Nothing earlier is asked for: the start of the billing month. */
  readonly notBefore: Instant;
}
type Phase = 'runs' | 'rests' | 'gone';
interface Turn {
  readonly at: Instant;
  readonly phase: Phase;
  readonly guessed: boolean;
}

/** Billed for CPU and memory are `starting` and `started`; what rests is billed for its root file system. Source: prices-fly.json, billing page. */
const STARTED: readonly string[] = ['starting', 'started'];
const ENDED: readonly string[] = ['destroyed', 'destroying', 'launch_failed', 'replaced', 'migrated'];
export const phaseOf = (state: string): Phase => (STARTED.includes(state) ? 'runs' : ENDED.includes(state) ? 'gone' : 'rests');

/** The machine's intervals as they are after this sighting: `known` up to where the sighting tells more. */
export function intervalsAfter(known: readonly Interval[], sighting: MachineSighting): readonly Interval[] {
  const events = inOrder(sighting.events);
  const turns = withState(
    turnsOf(events, phaseBefore(known, events[0]?.at ?? sighting.seenAt) ?? presumedBefore(events[0])),
    sighting,
    known,
  );
  const first = turns[0];
  if (first === undefined) return known.length > 0 ? known : beginning(sighting, phaseOf(sighting.state), sighting.seenAt);
  const sizedFrom = newestVersionAt(events) ?? sighting.createdAt;
  const before = known.length > 0 ? standing(known, first.at) : guessedBefore(sighting, events, first.at);
  const told = turns.flatMap((turn, at) => piecesOf(turn, turns[at + 1]?.at ?? null, sighting, sizedFrom, known));
  return joined([...before, ...told]);
}
/** By time; events of one moment in the order the platform made them (its lists are newest first). */
function inOrder(events: readonly ObservedEvent[]): readonly ObservedEvent[] {
  const once = new Map(events.map((event) => [event.id === '' ? `${event.type} ${event.status} ${event.at}` : event.id, event]));
  return [...once.values()].reverse().sort((a, b) => a.at - b.at);
}
function turnsOf(events: readonly ObservedEvent[], before: Phase | null): readonly Turn[] {
  const turns: Turn[] = [];
  let phase = before;
  let beforeUpdate: Phase | null = null;
  for (const event of events) {
    if (event.type === 'update' && event.status !== 'failed') beforeUpdate = phase;
    const next = phaseAfter(event, beforeUpdate);
    if (next === null) continue;
    // A machine that is gone does not come back: what is told of it later came late.
    if (phase === 'gone') continue;
    turns.push({ at: event.at, phase: next, guessed: false });
    phase = next;
  }
  return turns;
}
/** Null: this event moves nothing. The list of types is open. */
function phaseAfter({ type, status, exit }: ObservedEvent, beforeUpdate: Phase | null): Phase | null {
  switch (type) {
    case 'launch':
      return status === 'failed' ? 'gone' : 'rests';
    case 'start':
      return status === 'failed' ? 'rests' : 'runs';
    case 'exit':
      return exit?.restarting === true ? 'runs' : 'rests';
    case 'stop':
    case 'suspend':
    case 'restart':
      return 'rests';
    case 'update':
      return status === 'failed' ? beforeUpdate : 'rests';
    case 'destroy':
      return 'gone';
    default:
      return null;
  }
}
/** The state has the last word; when it came about is told by the machine's own time of change. */
function withState(
  turns: readonly Turn[],
  { state, updatedAt, seenAt, events }: MachineSighting,
  known: readonly Interval[],
): readonly Turn[] {
  const last = turns.at(-1);
  const phase = phaseOf(state);
  if (last === undefined) {
    const open = known.at(-1);
    if (open === undefined) return [];
    const now = openPhase(open);
    // A list that is behind what is known tells nothing new.
    return now === phase || updatedAt < open.from
      ? []
      : [{ at: instant(Math.max(updatedAt, open.from)), phase, guessed: events.length > 0 }];
  }
  if (last.phase === phase) return turns;
  const at = updatedAt > last.at ? updatedAt : seenAt;
  return [...turns, { at: instant(Math.max(at, last.at)), phase, guessed: true }];
}
const openPhase = ({ item, to }: Interval): Phase => (to !== null ? 'gone' : item === 'compute' ? 'runs' : 'rests');
function phaseBefore(known: readonly Interval[], at: Instant): Phase | null {
  const stands = known.findLast(({ from }) => from < at);
  return stands === undefined ? null : stands.to !== null && stands.to < at ? 'gone' : stands.item === 'compute' ? 'runs' : 'rests';
}
/** Until then what is stored stands; what was still open ends there. */
const standing = (known: readonly Interval[], until: Instant): readonly Interval[] =>
  known.filter(({ from }) => from < until).map((one) => (one.to === null || one.to > until ? { ...one, to: until } : one));

/** What was before an event of which nothing else is known: an end means that it ran, a start that it rested. */
function presumedBefore(first: ObservedEvent | undefined): Phase | null {
  if (first === undefined || first.type === 'launch') return null;
  return ['exit', 'stop', 'suspend', 'update', 'restart'].includes(first.type) ? 'runs' : 'rests';
}
/** The machine existed before its oldest event, and nobody looked. */
function guessedBefore(sighting: MachineSighting, events: readonly ObservedEvent[], until: Instant): readonly Interval[] {
  const presumed = presumedBefore(events[0]);
  return presumed === null ? [] : beginning(sighting, presumed, until).map((one) => ({ ...one, to: until, guessed: true }));
}
/** Of a machine that is first seen, and of which nothing else is told. */
function beginning(sighting: MachineSighting, phase: Phase, until: Instant): readonly Interval[] {
  if (phase === 'gone') return [];
  // Without events it is as it is since it changed last.
  const told = sighting.events.length === 0 ? sighting.updatedAt : sighting.createdAt;
  const from = instant(Math.max(told, sighting.notBefore));
  return from >= until && sighting.events.length > 0
    ? []
    : [piece(phase, sighting.cls, sighting.rootfsGb, from, null, sighting.events.length > 0)];
}
/** The newest change of the config that stood: from there on the size is the one that is seen. */
function newestVersionAt(events: readonly ObservedEvent[]): Instant | null {
  let newest: Instant | null = null;
  let before: Instant | null = null;
  for (const { type, status, source, at } of events) {
    const failed = type === 'update' && status === 'failed';
    const moves = (type === 'update' && !failed) || (type === 'launch' && source === 'user');
    if (type === 'update' && !failed) before = newest;
    if (moves) newest = at;
    if (failed) newest = before;
  }
  return newest;
}

function piecesOf(
  turn: Turn,
  to: Instant | null,
  sighting: MachineSighting,
  sizedFrom: Instant,
  known: readonly Interval[],
): readonly Interval[] {
  const { at, phase, guessed } = turn;
  if (phase === 'gone' || (to !== null && to <= at)) return [];
  const newest = at >= sizedFrom || (to === null && known.length === 0);
  const before = known.findLast(({ item, from }) => item === 'compute' && from <= at);
  // A sick host tells no size: then it is as big as it was.
  const cls = newest && sighting.cls !== '?' ? sighting.cls : (before?.cls ?? sighting.cls);
  return [piece(phase, cls, sighting.rootfsGb, at, to, guessed || (!newest && phase === 'runs' && before?.guessed !== false))];
}
const piece = (phase: Phase, cls: string, rootfsGb: number, from: Instant, to: Instant | null, guessed: boolean): Interval =>
  phase === 'runs'
    ? { item: 'compute', cls, quantity: 1, from, to, guessed }
    : { item: 'rootfs', cls: '?', quantity: rootfsGb, from, to, guessed };

/** Neighbours of one kind are one interval; empty ones vanish. */
function joined(intervals: readonly Interval[]): readonly Interval[] {
  const all: Interval[] = [];
  for (const next of intervals) {
    const last = all.at(-1);
    if (next.to !== null && next.to <= next.from) continue;
    if (last !== undefined && last.to === next.from && sameThing(last, next))
      all[all.length - 1] = { ...last, to: next.to, guessed: last.guessed || next.guessed };
    else all.push(next);
  }
  return all;
}
const sameThing = (a: Interval, b: Interval): boolean => a.item === b.item && a.cls === b.cls && a.quantity === b.quantity;

/** A thing without events of its own (volume, address, certificate, snapshot): from its creation until the look that no longer finds it. */
export interface ThingSighting {
  readonly item: MeteredItem;
  readonly cls: string;
  readonly quantity: number;
  readonly createdAt: Instant | null;
  readonly seenAt: Instant;
  readonly notBefore: Instant;
}
export function thingAfter(
  known: readonly Interval[],
  { item, cls, quantity, createdAt, seenAt, notBefore }: ThingSighting,
): readonly Interval[] {
  const last = known.at(-1);
  const now = { item, cls, quantity, to: null, guessed: false };
  if (last === undefined) return [{ ...now, from: instant(Math.max(createdAt ?? seenAt, notBefore)), guessed: createdAt === null }];
  // It was lost from sight for a while, and is the same thing: it was there all the time.
  if (sameThing(last, { ...now, from: last.from })) return last.to === null ? known : [...known.slice(0, -1), { ...last, to: null }];
  const at = instant(Math.max(seenAt, last.from));
  return [...known.slice(0, -1), ...(last.from < at ? [{ ...last, to: last.to ?? at }] : []), { ...now, from: at }];
}
/** It is no longer there. */
export function thingGone(known: readonly Interval[], at: Instant): readonly Interval[] {
  const last = known.at(-1);
  if (last === undefined || last.to !== null) return known;
  return [...known.slice(0, -1), { ...last, to: instant(Math.max(at, last.from)) }];
}

/** What has to be written so that `before` becomes `after`: everything from a time on. Null: nothing. */
export interface Rewrite {
  readonly from: Instant;
  readonly intervals: readonly Interval[];
}
export function rewriteOf(before: readonly Interval[], after: readonly Interval[]): Rewrite | null {
  const same = after.findIndex((one, at) => !isSame(one, before[at]));
  if (same === -1 && before.length === after.length) return null;
  const at = same === -1 ? after.length : same;
  const from = Math.min(after[at]?.from ?? Number.MAX_SAFE_INTEGER, before[at]?.from ?? Number.MAX_SAFE_INTEGER);
  return { from: instant(from), intervals: after.slice(at) };
}
const isSame = (a: Interval, b: Interval | undefined): boolean =>
  b !== undefined && sameThing(a, b) && a.from === b.from && a.to === b.to && a.guessed === b.guessed;
