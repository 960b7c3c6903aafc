-- Jobs, the event log, and what access needs.
--
-- A job is one immutable row in `jobs`. While it is unfinished exactly one of
-- these small tables knows where it stands: `held` (waits), `ready` (claimable),
-- `leases` (a worker has it, in the array of one batch). Its past is in
-- `attempts`. So nothing wide is ever updated, and a claim touches narrow rows.
--
-- The key columns are collated "C": memcmp order, the same on every server.
-- There are no foreign keys: on hot tables each would cost a lock per row.

-- The clock of due times, leases and nonces. Tests set `tf.now`.
create function taskflows.now() returns timestamptz language sql volatile
  return coalesce(nullif(current_setting('tf.now', true), '')::timestamptz, clock_timestamp());

-- Names this set of tables, so that a cursor is not used against another one.
create table taskflows.installation (
  id uuid primary key default gen_random_uuid(),
  created_at timestamptz not null default clock_timestamp()
);
insert into taskflows.installation default values;

-- The request, as it was made. Never updated. Partitions are ranges of the id.
create table taskflows.jobs (
  id uuid primary key,
  tenant_id text collate "C" not null,
  queue text collate "C" not null,
  name text collate "C" not null,
  priority smallint not null,
  payload json not null,
  policy json,                             -- what the job itself says about its tries; null: nothing
  scheduled_at timestamptz,                -- the time asked for; null: at once
  parents uuid[],                          -- jobs that had to succeed first; null: none
  correlation_id text collate "C",         -- null: its own id
  traceparent text collate "C",
  created_at timestamptz not null,
  created_by text collate "C" not null
) partition by range (id);
create index jobs_correlation on taskflows.jobs (correlation_id) where correlation_id is not null;

-- What may be claimed, in claim order: the queue, the higher priority (rank is
-- its negative, so that the index ascends), the tag, the id. The tag says when
-- it is the job's turn within its priority: its arrival, in microseconds; 0,
-- before all others, for one that had its turn and lost its worker.
-- `payload` is null when it is long; then it is read from `jobs` after the claim.
create table taskflows.ready (
  id uuid primary key,
  queue text collate "C" not null,
  rank integer not null,
  tag bigint not null,
  tenant_id text collate "C" not null,
  name text collate "C" not null,
  attempt smallint not null,               -- the number the next attempt will have, from 1
  spent smallint not null,                 -- attempts that a manual retry wrote off
  awaited boolean not null,                -- its end has consequences: other jobs wait for it
  payload json,
  policy json,
  correlation_id text collate "C",
  traceparent text collate "C"
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_insert_threshold = -1);
create index ready_order on taskflows.ready (queue, rank, tag, id);

-- What waits: for a time, for parents, or (lane: queue and tenant) for room.
create table taskflows.held (
  id uuid primary key,
  queue text collate "C" not null,
  tenant_id text collate "C" not null,
  reason text collate "C" not null,        -- delayed, retry, parents, parent_failed
  until timestamptz,                       -- null: not a matter of time
  waiting integer not null default 0,      -- parents that have not succeeded yet
  attempt smallint not null,
  spent smallint not null,
  awaited boolean not null,
  blamed_on uuid                           -- the parent whose end decided over this job
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
create index held_due on taskflows.held (until) where waiting = 0;

-- One row per claimed batch. It is renewed in one statement, and a completion
-- must find it: that is the fence against workers that lost it. The arrays run
-- in parallel; a job stays in them until the whole batch is closed.
create table taskflows.leases (
  id uuid primary key,
  worker_id uuid not null,
  queue text collate "C" not null,
  claimed_at timestamptz not null,
  expires_at timestamptz not null,
  job_ids uuid[] not null,
  attempts smallint[] not null,
  spent smallint[] not null,
  awaited uuid[],                          -- those whose end has consequences; null: none
  cancelled uuid[]                         -- those that were taken away; null: none
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
alter table taskflows.leases alter column job_ids set storage external;
create index leases_expiry on taskflows.leases (expires_at);

create type taskflows.attempt_outcome as enum ('succeeded', 'failed', 'timed_out', 'cancelled', 'lost');
create type taskflows.final_state as enum ('SUCCEEDED', 'FAILED', 'DEAD', 'CANCELLED');

-- One row per ended attempt. `final` is the job's state if this attempt decided
-- it; a manual retry sets it back to null. A job that was cancelled before it
-- ran has an attempt without a start.
create table taskflows.attempts (
  job_id uuid not null,
  attempt smallint not null,
  outcome taskflows.attempt_outcome not null,
  final taskflows.final_state,
  worker_id uuid,
  started_at timestamptz,
  ended_at timestamptz not null,
  error_type text,
  error_message text,
  decision text,
  result json,
  primary key (job_id, attempt)
) partition by range (job_id);
create index attempts_unhappy on taskflows.attempts (job_id) where final in ('FAILED', 'DEAD', 'CANCELLED');

-- Who waits for whom. A row lives until the parent has ended.
create table taskflows.dependencies (
  parent_id uuid not null,
  child_id uuid not null,
  primary key (parent_id, child_id)
);
create index dependencies_child on taskflows.dependencies (child_id);

-- Awaited jobs that ended, until those who wait have been told.
create table taskflows.awaited_ends (
  seq bigint generated always as identity primary key,
  job_id uuid not null,
  state taskflows.final_state not null
);

create table taskflows.workers (
  id uuid primary key,
  name text not null,
  queues text[] not null,
  tasks text[] not null,
  started_at timestamptz not null,
  seen_at timestamptz not null,
  stopped_at timestamptz
);

-- The names that a worker has ever registered, with what their task says about tries.
create table taskflows.tasks (
  name text collate "C" primary key,
  policy json not null,
  seen_at timestamptz not null
);

-- The append-only log. A row is one fact about `subject`, or one batch of equal
-- facts about `ids`; `tenants`, `names` and `correlations` (null: the id itself)
-- run in parallel to `ids`, or have one element that holds for all. `data` is an
-- object for all, or an array with one entry per id.
-- `xid` lets readers go in commit order (kernel/database/event-log.ts).
create sequence taskflows.event_seq;
create table taskflows.events (
  seq bigint not null default nextval('taskflows.event_seq'),
  at timestamptz not null,
  xid xid8 not null default pg_current_xact_id(),
  type text collate "C" not null,
  ids uuid[],
  tenants text[],
  names text[],
  correlations text[],
  subject text collate "C",
  actor text,
  data json
) partition by range (at);
-- Ids do not compress; trying to would cost more than a microsecond each.
alter table taskflows.events alter column ids set storage external;
create index events_xid on taskflows.events (xid);
create index events_seq on taskflows.events (seq);
create index events_subject on taskflows.events (subject) where subject is not null;

-- Nonces of signed requests, for the length of the window.
create table taskflows.nonces (
  nonce text collate "C" primary key,
  expires_at timestamptz not null
);
create index nonces_expiry on taskflows.nonces (expires_at);
