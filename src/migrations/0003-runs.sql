-- runs-with: 1
--
-- Runs that were reported to us, and indexes to read the ledger and the event
-- log by time.

-- One row per run that no other table knows: calls of tasks, reported by their
-- own process. Partitions are ranges of the id, which the reporter makes.
create table taskflows.runs (
  id uuid primary key,
  kind text collate "C" not null,
  name text collate "C" not null,
  tenant_id text collate "C" not null,
  state text collate "C" not null,
  attempt smallint,
  host text,
  started_at timestamptz not null,
  ended_at timestamptz,                    -- null while it runs
  exit_code integer,
  error_type text,
  error_message text,
  correlation_id text collate "C",         -- null: its own id
  reported_by text not null
) partition by range (id);
create index runs_ended on taskflows.runs (ended_at) where ended_at is not null;
create index runs_running on taskflows.runs (id) where ended_at is null;
create index runs_correlation on taskflows.runs (correlation_id) where correlation_id is not null;

-- Attempts are written in the order in which they end, so a summary per range
-- of pages finds a span of time and costs next to nothing to keep.
create index attempts_ended on taskflows.attempts using brin (ended_at) with (pages_per_range = 16, autosummarize = on);
-- One in 256, by chance: says since when so many attempts have ended, which is
-- how far back a page of the ledger looks.
create index attempts_sampled on taskflows.attempts (ended_at) where uuid_hash(job_id) & 255 = 0;
-- Ends that are rare, so that a list of them need not look at all others.
create index attempts_troubled on taskflows.attempts (outcome, ended_at) where outcome <> 'succeeded';

-- Readers of the event log go by (xid, seq): what they have not seen is what was
-- open when they looked, and what came later. They leave out partitions that are
-- older than that, so `at` must be the time of the writing, by taskflows.now().
create index events_position on taskflows.events (xid, seq);
drop index taskflows.events_xid;
drop index taskflows.events_seq;
