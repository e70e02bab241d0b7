-- What is known of each declared secret: keyed fingerprints, the platform's digest and version. Never a value.
create table trimtab_secrets (
  environment text not null,
  app text not null,
  name text not null,
  key_id text not null,
  fingerprint text,
  digest text not null,
  version bigint,
  staged boolean not null,
  since bigint not null,
  set_at bigint,
  older jsonb not null,
  primary key (environment, app, name)
);
