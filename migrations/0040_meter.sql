-- What was billed for when, by the platform's own times. Totals are sums over these rows; nothing else is kept that could disagree with them.
drop table trimtab_usage;
create table trimtab_intervals (
  organization text not null,
  resource text not null,
  started_at bigint not null,
  -- Null: it goes on.
  ended_at bigint,
  -- The first interval's start: what is billed by the hour is counted from it.
  born_at bigint not null,
  environment text,
  app text not null,
  group_name text not null,
  region text not null,
  subject text not null,
  item text not null,
  class text not null,
  quantity bigint not null,
  -- The platform may stop it when nobody asks for it.
  rests boolean not null,
  guessed boolean not null,
  primary key (organization, resource, started_at)
);
create index trimtab_intervals_in_time on trimtab_intervals using gist (int8range(started_at, ended_at));
create index trimtab_intervals_of_organization on trimtab_intervals (organization, started_at);
create index trimtab_intervals_of_app on trimtab_intervals (app, started_at);
create index trimtab_intervals_of_item on trimtab_intervals (organization, item) where item in ('certificate', 'snapshot');
-- Sums of finished months, in units and not in money: a corrected price needs no new sum. Derived; made again when a row of the month changes.
create table trimtab_months (
  organization text not null,
  month text not null,
  environment text,
  app text not null,
  group_name text not null,
  region text not null,
  item text not null,
  class text not null,
  rests boolean not null,
  units numeric not null,
  guessed boolean not null
);
create index trimtab_months_of on trimtab_months (organization, month, app);
create table trimtab_sealed_months (
  organization text not null,
  month text not null,
  primary key (organization, month)
);
-- What comes in amounts and not in time: bytes, builds, a database's consumption. One row per bucket, written over when it is read again.
create table trimtab_quantities (
  organization text not null,
  environment text,
  app text not null,
  region text not null,
  item text not null,
  class text not null,
  at bigint not null,
  quantity bigint not null,
  primary key (organization, app, region, item, class, at)
);
create index trimtab_quantities_in_time on trimtab_quantities (organization, at);
-- Dated lines, figures of the dashboard, budgets' states, quarantines, weekly records and their signatures.
create table trimtab_cost_documents (
  kind text not null,
  key text not null,
  at bigint not null,
  document jsonb not null,
  primary key (kind, key)
);
create index trimtab_cost_documents_in_time on trimtab_cost_documents (kind, at);
