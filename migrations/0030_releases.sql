-- One book per environment: the release under way, what is pinned, overridden or paused. Written whole, by compare-and-swap on its version, so
-- that two releases of one environment never run at once.
create table trimtab_release_books (
  environment text primary key,
  version bigint not null,
  book jsonb not null
);
-- Every release there was, as it is or ended.
create table trimtab_releases (
  environment text not null,
  number bigint not null,
  release jsonb not null,
  primary key (environment, number)
);
