-- Rate limits that the platform counts for all apps together: every process takes its turn here.
create table trimtab_turns (
  name text primary key,
  at timestamptz not null
);
