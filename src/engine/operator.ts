/** What a person can ask of trimtab, whether the controller runs in this process or somewhere else: the commands and the HTTP API speak this. */
import type { AppStatus } from '#domain/condition.ts';
import type { Told } from '#domain/desired-lookup.ts';
import type { TrimtabError } from '#domain/errors.ts';
import type { Pin } from '#domain/pins.ts';
import type { Plan } from '#domain/plan.ts';
import type { Problem } from '#domain/problem.ts';
import type { Release } from '#domain/release.ts';
import type { Override, ReleaseBook } from '#domain/release-book.ts';
import type { Result } from '#domain/result.ts';
import type { Role } from '#platform/store/login-port.ts';
import type { AuditEntry } from '#platform/store/port.ts';
import type { Accounts } from './accounts.ts';
import type { AuditDesk } from './audit-desk.ts';
import type { DatabaseOperator } from './database-operator.ts';
import type { NotifyDesk } from './notices/desk.ts';
import type { Proving } from './proving.ts';
import type { AppSecrets, AppSynced, GivenValues, SyncWish } from './secret-desk.ts';

export type { AppSecrets, AppSynced, GivenValues };

import type { ReleaseOperator } from './release-operator.ts';

export type Answer<T> = Promise<Result<T, TrimtabError>>;

export interface EnvironmentAnswer {
  readonly name: string;
  readonly organization: string | null;
  readonly mode: string | null;
  /** Revision ids; null: none yet. */
  readonly accepted: string | null;
  readonly applied: string | null;
  readonly lastGood: string | null;
  readonly commit: string | null;
  readonly valid: boolean;
  readonly problems: readonly Problem[];
  readonly warnings: readonly Problem[];
  readonly halted: string | null;
  /** Under way now. */
  readonly release: Release | null;
  /** Content that is not tried again. */
  readonly pins: readonly Pin[];
  readonly pause: ReleaseBook['pause'];
  readonly overrides: readonly Override[];
  /** Variables that shape its revision: what a command has of them counts. Absent: nothing was accepted yet. */
  readonly asks?: { readonly prefix: string; readonly names: readonly string[] };
  readonly apps: readonly AppStatus[];
}
export interface AppPlan {
  readonly environment: string;
  readonly name: string;
  readonly app: string;
  /** Null when it could not be made. */
  readonly plan: Plan | null;
  readonly error: { readonly code: string; readonly message: string; readonly remedy: string } | null;
  /** Hash of the plan of its whole environment: what `approve --plan` names. Absent when only some apps were asked for, or one could not be made. */
  readonly approves?: string;
}
export interface Selection {
  /** Null: all. */
  readonly environment: string | null;
  readonly app: string | null;
}
/** Who may sign in to the pages and the API. */
export interface TokenDesk {
  /** The new token, shown this one time; null: the name is taken. */
  addToken(name: string, role: Role, by: string, signal: AbortSignal): Answer<string | null>;
  tokens(signal: AbortSignal): Answer<readonly TokenAnswer[]>;
  /** False: nobody has this name. */
  revokeToken(name: string, by: string, signal: AbortSignal): Answer<boolean>;
}
export interface TokenAnswer {
  readonly name: string;
  readonly role: Role;
  readonly createdAt: number;
}
export interface Operator extends TokenDesk, Proving, Accounts, ReleaseOperator, AuditDesk, NotifyDesk {
  readonly db: DatabaseOperator;
  environments(signal: AbortSignal): Answer<readonly EnvironmentAnswer[]>;
  /** What would be done, from a fresh look. Writes nothing to the platform. */
  plan(selection: Selection, signal: AbortSignal): Answer<readonly AppPlan[]>;
  /** A person's word for what waits for one; wakes the apps. `plan`: only if that is what would run. Answers the apps it covers. */
  approve(selection: Selection, by: string, plan: string | null, signal: AbortSignal): Answer<readonly string[]>;
  /** Reads the source and looks at everything again. `told`: what a command has of the variables that environments ask for. */
  refresh(signal: AbortSignal, told?: Told): Answer<void>;
  audit(selection: Selection, limit: number, signal: AbortSignal): Answer<readonly AuditEntry[]>;
  /** `scope`: `*` or an environment. */
  halt(scope: string, by: string, reason: string, signal: AbortSignal): Answer<void>;
  unhalt(scope: string, by: string, signal: AbortSignal): Answer<void>;
  /** Takes the stamps off; the environment is halted, so that nothing is stamped again. Answers machine names. */
  eject(selection: Selection, by: string, signal: AbortSignal): Answer<readonly string[]>;
  /** A fresh look at each declared secret. */
  secrets(selection: Selection, signal: AbortSignal): Answer<readonly AppSecrets[]>;
  /** Writes what the sources and the request give: everything is checked first, and where anything is wrong nothing is written. */
  syncSecrets(selection: Selection, wish: SyncWish, signal: AbortSignal): Answer<readonly AppSynced[]>;
}
