-- Several controllers on one database: who wrote the state of an app last, and when; when an organization was last seen, by whomever.
alter table trimtab_apps add column writer text not null default '';
alter table trimtab_apps add column changed_at timestamptz not null default clock_timestamp();
create index trimtab_apps_changed on trimtab_apps (changed_at);
create table trimtab_observations (
  organization text primary key,
  writer text not null,
  at bigint
);
