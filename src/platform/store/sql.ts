/** The store on PostgreSQL or PGlite. */
import { failure } from '#domain/errors.ts';
import { err, ok } from '#domain/result.ts';
import type { AuditStore } from './audit-port.ts';
import { type Database, reaching } from './db.ts';
import type { MeterStore } from './meter-port.ts';
import type { OutboxStore } from './outbox-port.ts';
import type { Store } from './port.ts';
import * as apps from './sql-apps.ts';
import * as audit from './sql-audit.ts';
import * as history from './sql-history.ts';
import * as logins from './sql-logins.ts';
import * as meter from './sql-meter.ts';
import * as money from './sql-money.ts';
import * as outbox from './sql-outbox.ts';
import * as people from './sql-people.ts';
import * as releases from './sql-releases.ts';
import * as secrets from './sql-secrets.ts';
import * as shared from './sql-shared.ts';

/** The schema is there (`migrate`). */
export function makeSqlStore(database: Database): Store {
  const on = <T>(run: () => Promise<T>) => reaching(run);
  return {
    claimIdentity: async (facts) => {
      for (const [name, value] of Object.entries(facts)) {
        const stored = await on(() => history.claimFact(database, name, value));
        if (!stored.ok) return stored;
        if (stored.value !== value) return err(failure('STORE_FOREIGN', `this state belongs to ${name} ${stored.value}, not ${value}`));
      }
      return ok(undefined);
    },
    takeApp: (environment, app, atLeast) => on(() => apps.takeApp(database, environment, app, atLeast)),
    readApp: (environment, app) => on(() => apps.readApp(database, environment, app)),
    saveApp: (environment, app, by, state) => on(() => apps.saveApp(database, environment, app, by, state)),
    apps: (environment) => on(() => apps.listApps(database, environment)),
    forgetApp: (environment, app, generation) => on(() => apps.forgetApp(database, environment, app, generation)),
    openIntent: (intent) => on(() => apps.openIntent(database, intent)),
    closeIntent: (id, end, note, at) => on(() => apps.closeIntent(database, id, end, note, at)),
    saveRevision: (revision) => on(() => history.saveRevision(database, revision)),
    revision: (environment, id) => on(() => history.readRevision(database, environment, id)),
    environment: (name) => on(() => history.readEnvironment(database, name)),
    saveEnvironment: (name, row) => on(() => history.saveEnvironment(database, name, row)),
    situation: (environment, app, others) => on(() => shared.readSituation(database, environment, app, others)),
    statuses: (after, writer) => on(() => shared.readStatuses(database, after, writer)),
    watchOrganization: (organization, writer, at) => on(() => shared.watchOrganization(database, organization, writer, at)),
    takeTurn: (name, every) => on(() => shared.takeTurn(database, name, every)),
    observations: () => on(() => shared.readObservations(database)),
    ...meterOf(database),
    ...auditOf(database),
    ...outboxOf(database),
    halts: () => on(() => people.readHalts(database)),
    halt: (row) => on(() => people.saveHalt(database, row)),
    unhalt: (scope) => on(() => people.endHalt(database, scope)),
    approvals: (environment) => on(() => people.readApprovals(database, environment)),
    approve: (row) => on(() => people.saveApproval(database, row)),
    endApproval: (environment, app) => on(() => people.endApproval(database, environment, app)),
    releaseBook: (environment) => on(() => releases.readReleaseBook(database, environment)),
    saveReleaseBook: (environment, book, version) => on(() => releases.saveReleaseBook(database, environment, book, version)),
    saveRelease: (row) => on(() => releases.saveRelease(database, row)),
    releases: (environment, limit) => on(() => releases.readReleases(database, environment, limit)),
    secrets: (environment, app) => on(() => secrets.readSecrets(database, environment, app)),
    saveSecrets: (environment, app, rows) => on(() => secrets.saveSecrets(database, environment, app, rows)),
    tokens: () => on(() => logins.readTokens(database)),
    addToken: (row) => on(() => logins.addToken(database, row)),
    removeToken: (name) => on(() => logins.removeToken(database, name)),
    addSession: (row) => on(() => logins.addSession(database, row)),
    removeSessions: (hash, now) => on(() => logins.removeSessions(database, hash, now)),
    personBySession: (hash, now) => on(() => logins.personBySession(database, hash, now)),
    close: () => database.close(),
  };
}
const meterOf = (database: Database): MeterStore => ({
  rewriteIntervals: (organization, rewrites) => reaching(() => meter.rewriteIntervals(database, organization, rewrites)),
  recentIntervals: (organization, since) => reaching(() => meter.recentIntervals(database, organization, since)),
  intervalsOfItem: (organization, item, from, to) => reaching(() => meter.intervalsOfItem(database, organization, item, from, to)),
  unitsBetween: (organization, app, from, to) => reaching(() => meter.unitsBetween(database, organization, app, from, to)),
  firstInterval: (organization) => reaching(() => meter.firstInterval(database, organization)),
  sealMonth: (organization, month, rows) => reaching(() => meter.sealMonth(database, organization, month, rows)),
  sealedMonths: (organization) => reaching(() => meter.sealedMonths(database, organization)),
  unsealFrom: (organization, month) => reaching(() => meter.unsealFrom(database, organization, month)),
  monthUnits: (organization, app, from, to) => reaching(() => meter.monthUnits(database, organization, app, from, to)),
  saveQuantities: (organization, rows) => reaching(() => money.saveQuantities(database, organization, rows)),
  quantities: (organization, from, to) => reaching(() => money.quantities(database, organization, from, to)),
  hoursBetween: (organization, from, to) => reaching(() => meter.hoursBetween(database, organization, from, to)),
  saveDocument: (kind, row) => reaching(() => money.saveDocument(database, kind, row)),
  removeDocument: (kind, key) => reaching(() => money.removeDocument(database, kind, key)),
  documents: (kind, limit) => reaching(() => money.documents(database, kind, limit)),
  document: (kind, key) => reaching(() => money.document(database, kind, key)),
  countAudit: (query) => reaching(() => money.countAudit(database, query)),
});
const ANY = { environment: null, app: null, actor: null, action: null, since: null, until: null, before: null } as const;
const auditOf = (database: Database): AuditStore => ({
  appendAudit: (entries) => reaching(() => audit.appendAudit(database, entries)),
  audit: (environment, app, limit) =>
    reaching(async () => (await audit.searchAudit(database, { ...ANY, environment, app, limit })).map(({ seq: _, ...row }) => row)),
  searchAudit: (query) => reaching(() => audit.searchAudit(database, query)),
  auditAfter: (environment, seq, limit) => reaching(() => audit.auditAfter(database, environment, seq, limit)),
});
const outboxOf = (database: Database): OutboxStore => ({
  told: (environment) => reaching(() => outbox.readTold(database, environment)),
  saveTold: (environment, memory, version, notices) => reaching(() => outbox.saveTold(database, environment, memory, version, notices)),
  claimNotices: (wish) => reaching(() => outbox.claimNotices(database, wish)),
  delayNotice: (row) => reaching(() => outbox.delayNotice(database, row)),
  endNotice: (row) => reaching(() => outbox.endNotice(database, row)),
  noticeQueue: () => reaching(() => outbox.noticeQueue(database)),
  notices: (environment, limit) => reaching(() => outbox.readNotices(database, environment, limit)),
  forgetNotices: (before) => reaching(() => outbox.forgetNotices(database, before)),
});
