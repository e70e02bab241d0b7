-- State of trimtab. Instants are milliseconds since 1970, money is micro-dollars. Runs unchanged on PostgreSQL 15 and PGlite.
create table trimtab_meta (
  key text primary key,
  value text not null
);
create table trimtab_revisions (
  environment text not null,
  id text not null,
  source_hash text not null,
  commit jsonb,
  document jsonb not null,
  accepted_at bigint not null,
  primary key (environment, id)
);
create table trimtab_environments (
  name text primary key,
  accepted text,
  applied text,
  last_good text
);
create table trimtab_apps (
  environment text not null,
  app text not null,
  generation bigint not null,
  memory jsonb,
  status jsonb,
  primary key (environment, app)
);
create table trimtab_intents (
  id text primary key,
  key text not null,
  environment text not null,
  app text not null,
  generation bigint not null,
  step jsonb not null,
  opened_at bigint not null,
  state text not null default 'open' check (state in ('open', 'landed', 'failed', 'absent')),
  note text not null default '',
  closed_at bigint
);
-- One write at a time about one thing: the second one waits for the outcome of the first.
create unique index trimtab_intents_one_open on trimtab_intents (environment, key) where state = 'open';
create index trimtab_intents_open_of_app on trimtab_intents (environment, app) where state = 'open';
create table trimtab_audit (
  seq bigint generated always as identity primary key,
  at bigint not null,
  actor text not null,
  environment text not null,
  app text,
  what text not null,
  from_text text,
  to_text text,
  why text not null,
  result text not null
);
create index trimtab_audit_of_app on trimtab_audit (environment, app, seq);
create table trimtab_halts (
  scope text primary key,
  by_whom text not null,
  reason text not null,
  since bigint not null
);
create table trimtab_approvals (
  environment text not null,
  app text not null,
  revision text not null,
  by_whom text not null,
  at bigint not null,
  primary key (environment, app)
);
create table trimtab_usage (
  environment text not null,
  app text not null,
  item text not null,
  month text not null,
  micro_usd bigint not null,
  primary key (environment, app, item, month)
);
