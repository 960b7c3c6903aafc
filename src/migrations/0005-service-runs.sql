-- runs-with: 1
--
-- Runs of services. What systemd did on its hosts is told by whoever saw it, by
-- several servers and more than once, so each has a key that all of them know.

-- One row per invocation, and per slot of a schedule that had none. Written with
-- its start, again with its end, and once more when the journal knows more.
create table taskflows.service_runs (
  host text collate "C" not null,
  id uuid not null,                        -- what systemd calls the invocation; of a slot without one, a digest of what and when
  account text collate "C" not null,       -- whose systemd: the uid, or empty for that of the machine
  scope text collate "C" not null,
  service text collate "C" not null,
  state text collate "C" not null,
  started_at timestamptz,
  ended_at timestamptz,                    -- null: it runs, or nobody saw when it ended
  boot uuid,                               -- what the kernel calls the boot it ran in
  result text collate "C",
  exit_code integer,
  exit_signal text collate "C",
  cpu_seconds double precision,
  memory_peak_bytes double precision,
  slot timestamptz,
  reason text,
  invoked boolean not null,                -- false: `id` is none of systemd's
  -- Not by id alone: copies of a machine may go on with the same invocations.
  primary key (host, id),
  check (coalesce(ended_at, started_at, slot) is not null)
);
create index service_runs_id on taskflows.service_runs (id);
create index service_runs_running on taskflows.service_runs (id) where state = 'running';
-- Their place in the ledger, which needs one although an end was not seen.
create index service_runs_placed on taskflows.service_runs (coalesce(ended_at, started_at, slot)) where state <> 'running';
create index service_runs_of on taskflows.service_runs (host, scope, service, coalesce(started_at, slot));

-- How far the journal of an account was read.
create table taskflows.journal_positions (
  reader text collate "C" primary key,
  position text not null,
  kept_at timestamptz not null
);
