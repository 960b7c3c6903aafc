-- runs-with: 1
--
-- API tokens, and the keys under which something is done once.

-- The token itself is never kept: `hash` is its SHA-256, which is enough for
-- something with 256 random bits. A revoked token stays, so that the event log
-- can be read.
create table taskflows.tokens (
  id uuid primary key,
  hash bytea not null unique,
  name text collate "C" not null,
  role text collate "C" not null,
  tenant_id text collate "C",              -- null: bound to none
  rate_limit integer,                      -- requests per second; null: the server's
  created_at timestamptz not null,
  created_by text not null,
  expires_at timestamptz,                  -- null: never
  last_used_at timestamptz,                -- to the minute
  revoked_at timestamptz,
  revoked_by text,
  holds_name boolean not null default true -- false once it is revoked, or expired and another took its name
);
create unique index tokens_name on taskflows.tokens (name, coalesce(tenant_id, '')) where holds_name;

-- Requests that carry an Idempotency-Key: reserved before they are carried out,
-- and then holding the answer, which is written in the transaction that does
-- what it tells of. Nobody but the holder of a reservation may write its answer.
create table taskflows.idempotency_keys (
  scope text collate "C" not null,         -- who asked, and for which tenant
  key text collate "C" not null,
  request bytea not null,                  -- SHA-256 of the operation and its input
  holder uuid not null,                    -- the one try that may answer
  status smallint,                         -- null: there is no answer yet
  answer json,
  started_at timestamptz not null,
  expires_at timestamptz not null,
  primary key (scope, key)
);
create index idempotency_keys_expiry on taskflows.idempotency_keys (expires_at);

-- The job that holds a unique key. A row whose job has ended holds nothing: the
-- next add takes it over, and the pruner removes what nobody asked for again.
create table taskflows.unique_keys (
  tenant_id text collate "C" not null,
  name text collate "C" not null,
  key text collate "C" not null,
  job_id uuid not null,
  primary key (tenant_id, name, key)
);
create index unique_keys_job on taskflows.unique_keys (job_id);
alter table taskflows.jobs add column unique_key text collate "C";
