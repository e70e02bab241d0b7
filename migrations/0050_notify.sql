-- What people are to be told: one row per message and target, written by the statement that remembers why. Kept for a while when it is over, so that
-- the same fact is not told twice.
create table trimtab_notices (
  id text not null,
  target text not null,
  environment text not null,
  thread text not null,
  notice jsonb not null,
  at bigint not null,
  position bigint generated always as identity,
  next_at bigint not null,
  attempts integer not null default 0,
  claimed_by text,
  claimed_until bigint not null default 0,
  state text not null default 'waiting' check (state in ('waiting', 'sent', 'dropped', 'withdrawn')),
  note text not null default '',
  ended_at bigint,
  primary key (target, id)
);
create index trimtab_notices_waiting on trimtab_notices (target, position) where state = 'waiting';
create index trimtab_notices_ended on trimtab_notices (ended_at) where state <> 'waiting';
create index trimtab_notices_of on trimtab_notices (environment, position);
-- What a receiver calls the first message of a thread.
create table trimtab_notice_threads (
  target text not null,
  thread text not null,
  reference text not null,
  at bigint not null,
  primary key (target, thread)
);
-- What was told of an environment. Written whole, by compare-and-swap on its version.
create table trimtab_told (
  environment text primary key,
  version bigint not null,
  memory jsonb not null
);
-- The audit is read by time, newest first: whole, of an environment, of an app, of an actor, of an action.
drop index trimtab_audit_of_app;
create index trimtab_audit_in_time on trimtab_audit (at, seq);
create index trimtab_audit_of_environment on trimtab_audit (environment, at, seq);
create index trimtab_audit_of_app on trimtab_audit (environment, app, at, seq);
create index trimtab_audit_of_actor on trimtab_audit (actor, at, seq);
create index trimtab_audit_of_action on trimtab_audit (what text_pattern_ops, at, seq);
-- Append-only, whoever is connected.
create function trimtab_audit_stays() returns trigger language plpgsql as $$
begin
  raise exception 'the audit is append-only: % refused', tg_op using errcode = 'insufficient_privilege';
end $$;
create trigger trimtab_audit_stays before update or delete on trimtab_audit for each row execute function trimtab_audit_stays();
create trigger trimtab_audit_is_kept before truncate on trimtab_audit for each statement execute function trimtab_audit_stays();
