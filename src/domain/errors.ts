/** Every expected failure of trimtab, in one closed table: how it is retried, what a person can do, which condition it becomes. */
import type { Ms } from './units.ts';

/** `again`: wait, nothing is wrong · `backoff`: retry with growing delay · `elsewhere`: another region may do · `lookup`: the outcome is unknown, look before anything else · `stop`: a person is needed. */
export type RetryClass = 'again' | 'backoff' | 'elsewhere' | 'lookup' | 'stop';
export interface ErrorInfo {
  readonly retry: RetryClass;
  readonly remedy: string;
  readonly condition: 'Stalled' | 'Held' | 'Unknown' | 'Reconciling';
}

export const ERRORS = {
  FLY_UNAUTHORIZED: { retry: 'stop', condition: 'Stalled', remedy: 'set a valid FLY_API_TOKEN (fly tokens create org) and restart' },
  FLY_FORBIDDEN: {
    retry: 'stop',
    condition: 'Stalled',
    remedy:
      'the token has no access to this app, or the name belongs to another organization: use a token of the right organization or another app name',
  },
  FLY_NOT_FOUND: { retry: 'backoff', condition: 'Stalled', remedy: 'check the name; it may have been deleted by hand' },
  FLY_INVALID: {
    retry: 'stop',
    condition: 'Stalled',
    remedy: 'the platform refused the configuration: read its message and change the file it names',
  },
  FLY_NAME_TAKEN: {
    retry: 'lookup',
    condition: 'Stalled',
    remedy: 'something with this name exists already: trimtab looks it up; if it is not ours, rename one of the two',
  },
  FLY_LEASE_HELD: {
    retry: 'again',
    condition: 'Held',
    remedy: 'somebody else holds the lease of this machine: wait, or see who with `fly machine status`',
  },
  FLY_PRECONDITION: { retry: 'again', condition: 'Reconciling', remedy: 'the machine changed in between: it is read again' },
  FLY_NO_CAPACITY: { retry: 'elsewhere', condition: 'Held', remedy: 'the region is full: add a region to the list, or wait' },
  FLY_RATE_LIMITED: { retry: 'again', condition: 'Reconciling', remedy: 'nothing to do: requests are slowed down' },
  FLY_UNAVAILABLE: { retry: 'backoff', condition: 'Unknown', remedy: 'the platform does not answer: see https://status.flyio.net' },
  FLY_TIMEOUT: { retry: 'backoff', condition: 'Unknown', remedy: 'the platform answers slowly: see https://status.flyio.net' },
  FLY_AMBIGUOUS: { retry: 'lookup', condition: 'Reconciling', remedy: 'nothing to do: the outcome is looked up before anything else' },
  FLY_BAD_REPLY: {
    retry: 'backoff',
    condition: 'Unknown',
    remedy: 'the platform sent something unreadable: if it stays so, update trimtab',
  },
  FLY_CANCELLED: { retry: 'again', condition: 'Reconciling', remedy: 'nothing to do: the pass was ended and starts again' },
  STORE_UNAVAILABLE: { retry: 'backoff', condition: 'Unknown', remedy: 'the state database does not answer: check TRIMTAB_DATABASE_URL' },
  STORE_FOREIGN: {
    retry: 'stop',
    condition: 'Stalled',
    remedy: 'this state belongs to another organization or platform address: use another TRIMTAB_DATA_DIR or database',
  },
  STORE_LOCKED: {
    retry: 'stop',
    condition: 'Stalled',
    remedy: 'another trimtab runs on this data folder: stop it, or let it serve the command',
  },
  EXECUTOR_BUSY: {
    retry: 'again',
    condition: 'Held',
    remedy: 'another run of trimtab works on this environment: wait for it; the lock of a killed one ends by itself within a minute',
  },
  ENVIRONMENT_EMPTY: {
    retry: 'stop',
    condition: 'Stalled',
    remedy: 'make sure that no other run works on it, then repeat with --unlocked; or use TRIMTAB_DATABASE_URL',
  },
  NO_STATE: {
    retry: 'stop',
    condition: 'Stalled',
    remedy: 'a run without controller and database keeps nothing (docs/ci-only.md): use TRIMTAB_DATABASE_URL or a controller',
  },
  SOURCE_UNAVAILABLE: {
    retry: 'backoff',
    condition: 'Unknown',
    remedy: 'the desired-state source cannot be read: check TRIMTAB_SOURCE and its credentials',
  },
  SOURCE_EMPTY: {
    retry: 'stop',
    condition: 'Stalled',
    remedy: 'the desired-state folder is empty: nothing is deleted because of that; put the files back',
  },
  DESIRED_INVALID: {
    retry: 'stop',
    condition: 'Stalled',
    remedy: 'correct the files named in the message; until then the last good revision stays',
  },
  REQUEST_INVALID: { retry: 'stop', condition: 'Stalled', remedy: 'correct what the message names, and ask again' },
  PRICE_BOOK_INVALID: {
    retry: 'stop',
    condition: 'Stalled',
    remedy: 'correct the file that TRIMTAB_PRICE_BOOK names (docs/cost.md), or unset it to use the shipped prices',
  },
  GITHUB_REFUSED: {
    retry: 'stop',
    condition: 'Stalled',
    remedy:
      'the token needs `pull-requests: write` (a commit status: `statuses: write`) on this repository (in a workflow: permissions), and what it is about must exist',
  },
  GITHUB_UNAVAILABLE: { retry: 'backoff', condition: 'Unknown', remedy: 'GitHub does not answer: see https://www.githubstatus.com' },
  NOTIFY_REFUSED: {
    retry: 'backoff',
    condition: 'Stalled',
    remedy: 'correct the target under notify (docs/notifications.md) or what its source gives; `trimtab notify test` tries it',
  },
  NOTIFY_UNAVAILABLE: { retry: 'backoff', condition: 'Unknown', remedy: 'the receiver does not answer: it is tried again for days' },
  DATABASE_URL_MISSING: {
    retry: 'stop',
    condition: 'Stalled',
    remedy: 'say where the connection comes from: database.url.from in the environment, and set that source',
  },
  DATABASE_URL_INVALID: {
    retry: 'stop',
    condition: 'Stalled',
    remedy: 'give the address of the database itself: postgres://user:password@host/database, not that of a pooler',
  },
  DATABASE_UNAVAILABLE: {
    retry: 'backoff',
    condition: 'Unknown',
    remedy: 'the database does not answer: check its address, credentials, sslmode, and whether it runs (`psql` with the same URL)',
  },
  DATABASE_OWN: {
    retry: 'stop',
    condition: 'Stalled',
    remedy: 'this is the database that trimtab itself stands on: it is never migrated; give the environment a database of its own',
  },
  MIGRATION_INVALID: { retry: 'stop', condition: 'Stalled', remedy: 'correct the files named in the message; nothing was run' },
  MIGRATION_FAILED: {
    retry: 'stop',
    condition: 'Stalled',
    remedy: 'correct the statement in its file and commit; what was applied before it stays applied',
  },
  MIGRATION_DIRTY: {
    retry: 'stop',
    condition: 'Stalled',
    remedy: 'finish by hand what was left half-way, or take it back; then mark it in the history table',
  },
  MIGRATION_EDITED: {
    retry: 'stop',
    condition: 'Stalled',
    remedy: 'put the old file back as it was, and write the change as a new migration',
  },
  MIGRATION_HISTORY: {
    retry: 'stop',
    condition: 'Stalled',
    remedy: 'bring the files and the history of the database together: renumber, or bring the missing file back',
  },
  MIGRATION_BUSY: {
    retry: 'backoff',
    condition: 'Held',
    remedy: 'somebody else migrates this database: wait, or see who in pg_locks (locktype advisory)',
  },
  MIGRATION_TIMEOUT: {
    retry: 'stop',
    condition: 'Stalled',
    remedy: 'raise database.migrations.timeout, or make the migration smaller; what was in a transaction was taken back',
  },
  MIGRATION_COMMAND: {
    retry: 'stop',
    condition: 'Stalled',
    remedy: 'see what the command printed; it can be run by hand with the same URL',
  },
  SECRET_MISSING: {
    retry: 'backoff',
    condition: 'Stalled',
    remedy: 'give the secret by its source, or declare it with required: false',
  },
  SECRET_RULE: { retry: 'backoff', condition: 'Stalled', remedy: 'correct the value at its source: it breaks a rule of its declaration' },
  SECRET_SOURCE_FAILED: { retry: 'backoff', condition: 'Stalled', remedy: 'run the source by hand and see why it fails' },
  SECRET_SOURCE_HANGS: {
    retry: 'backoff',
    condition: 'Stalled',
    remedy: 'run the program by hand: it does not end in time; give it more with timeout',
  },
  SECRET_SOURCE_RUBBISH: {
    retry: 'backoff',
    condition: 'Stalled',
    remedy: 'the source must give text by name: correct what it prints or holds',
  },
  SECRET_KEY_MISSING: {
    retry: 'backoff',
    condition: 'Stalled',
    remedy: 'set SOPS_AGE_KEY or SOPS_AGE_KEY_FILE to a key the file is encrypted for',
  },
  SECRET_MOVED: {
    retry: 'again',
    condition: 'Reconciling',
    remedy: 'nothing to do: the source gave another value meanwhile and is read again',
  },
  PLAN_NOT_CURRENT: {
    retry: 'stop',
    condition: 'Held',
    remedy: 'look at the new plan (`trimtab plan`), and approve that one by its hash',
  },
  UNKNOWN_NAME: { retry: 'stop', condition: 'Stalled', remedy: 'look at `trimtab status` and `trimtab history` for the names there are' },
  RELEASE_WHOLE: {
    retry: 'stop',
    condition: 'Held',
    remedy: 'a revision goes live as a whole: approve it for the environment, or commit the apps one after another',
  },
  HALTED: { retry: 'again', condition: 'Held', remedy: 'writes are stopped: `trimtab halt --off`, or unset TRIMTAB_READ_ONLY' },
} as const satisfies Record<string, ErrorInfo>;

export type ErrorCode = keyof typeof ERRORS;
export interface TrimtabError {
  readonly code: ErrorCode;
  /** What happened, in one line, never with a secret value. */
  readonly message: string;
  /** From the platform, when it says how long to wait. */
  readonly retryAfter?: Ms;
  /** HTTP status, where there was one. */
  readonly status?: number;
  /** The platform's request id, for its support. */
  readonly requestId?: string;
}
export type PlatformError = TrimtabError;

export const failure = (code: ErrorCode, message: string, more: Omit<TrimtabError, 'code' | 'message'> = {}): TrimtabError => ({
  code,
  message,
  ...more,
});
export const remedyOf = (error: TrimtabError): string => ERRORS[error.code].remedy;
