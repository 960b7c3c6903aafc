-- runs-with: 1
--
-- Times of schedules that are made up for: because somebody asked (a backfill),
-- or because the machine was down (a catch-up). What came of each is a run in
-- `service_runs` with the time in `slot`.

create table taskflows.service_backfills (
  id uuid primary key,
  host text collate "C" not null,
  account text collate "C" not null,       -- as in service_runs
  scope text collate "C" not null,
  service text collate "C" not null,
  origin text collate "C" not null,        -- backfill, catch_up
  first_at timestamptz not null,           -- the range that was asked for, both ends within
  last_at timestamptz not null,
  max_parallel integer not null,
  again boolean not null,
  state text collate "C" not null,         -- running, cancelling, done, cancelled
  reason text,                             -- why it ended before its time
  created_by text not null,
  created_at timestamptz not null,
  ended_at timestamptz,
  holder text collate "C",                 -- the server that works on it, until
  held_until timestamptz,
  check ((ended_at is null) = (state in ('running', 'cancelling')))
);
create index service_backfills_of on taskflows.service_backfills (host, account, scope, service, id);
create index service_backfills_unfinished on taskflows.service_backfills (host, account, scope, service, id) where ended_at is null;
create index service_backfills_ended on taskflows.service_backfills (ended_at) where ended_at is not null;

-- What is running when a server dies is what its successor must find out about.
create table taskflows.service_backfill_slots (
  backfill uuid not null,
  slot timestamptz not null,
  state text collate "C" not null,         -- waiting, running, succeeded, failed, skipped, cancelled
  started_at timestamptz,
  ended_at timestamptz,
  reason text,
  primary key (backfill, slot)
);

-- Which times have a run already: those that were late, and those made up for.
create index service_runs_slot on taskflows.service_runs (host, scope, service, slot) where slot is not null;
