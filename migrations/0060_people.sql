-- People who sign in: tokens and sessions, as hashes only.
create table trimtab_tokens (
  name text primary key,
  role text not null check (role in ('viewer', 'operator')),
  hash text not null unique,
  created_at bigint not null
);
create table trimtab_sessions (
  hash text primary key,
  name text not null references trimtab_tokens (name) on delete cascade,
  expires_at bigint not null
);
