-- runs-with: 1
--
-- What other programs call in transactions of their own: `enqueue` adds a job,
-- `complete_attempt` ends an attempt. Both become true when that transaction
-- commits. Neither locks a row that others need, but for a unique key.
--
-- They run with the rights of their owner, so that a caller needs the use of the
-- schema and the right to execute them, and nothing else. Hence their fixed
-- search_path, which the functions they call inherit, and the revokes at the end.

-- A UUID of version 7 (RFC 9562 §5.7): 48 bits of milliseconds, 12 bits of the
-- fraction below (§6.2, method 3), so that ids of one session ascend; the rest is random.
create function taskflows.new_id(at timestamptz) returns uuid language plpgsql volatile as $$
declare
  micros bigint := extract(epoch from at) * 1000000;
  random_bytes bytea := uuid_send(gen_random_uuid());
begin
  return encode(
    substring(int8send(micros / 1000) from 3) || int2send((28672 + micros % 1000 * 4096 / 1000)::smallint) || substring(random_bytes from 9),
    'hex')::uuid;
end
$$;

create function taskflows.refuse_argument(argument text, expected text, got text, hint text) returns void
  language plpgsql as $$
begin
  raise exception using errcode = 'invalid_parameter_value', hint = hint,
    message = format('%s: expected %s, got %s', argument, expected, coalesce(left(got, 200), 'null'));
end
$$;

-- The text without spaces around it, if PostgreSQL can keep it and a terminal can show it. Null stays null.
create function taskflows.checked_text(argument text, value text, longest integer) returns text
  language plpgsql as $$
declare
  trimmed text := btrim(value);
begin
  if trimmed ~ E'[\\x01-\\x1f\\x7f]' then
    perform taskflows.refuse_argument(argument, 'text without control characters', to_json(left(value, 100))::text, 'Take out line breaks, tabs and the like.');
  elsif length(trimmed) not between 1 and longest then
    perform taskflows.refuse_argument(argument, format('1 to %s characters', longest), format('%s', length(trimmed)), format('Shorten it to %s characters, or leave it out if it is empty.', longest));
  end if;
  return trimmed;
end
$$;

-- Whether JSON text nests deeper than that. Each pass takes the innermost brackets away.
create function taskflows.nests_deeper(json_text text, levels integer) returns boolean
  language plpgsql as $$
declare
  brackets text;
begin
  -- Few brackets cannot nest deeply, and that is cheap to see.
  if length(json_text) - length(translate(json_text, '[{', '')) <= levels then
    return false;
  end if;
  brackets := regexp_replace(json_text, E'"(?:[^"\\\\]|\\\\.)*"', '', 'g');
  brackets := translate(regexp_replace(brackets, '[^][{}]+', '', 'g'), '{}', '[]');
  for level in 1 .. levels loop
    exit when brackets = '';
    brackets := replace(brackets, '[]', '');
  end loop;
  return brackets <> '';
end
$$;

-- What a handler cannot be given is refused: the same limits as in src/kernel/plain-json.ts.
create function taskflows.check_payload(payload json) returns void language plpgsql as $$
declare
  json_text text := payload::text;
begin
  if octet_length(json_text) > 1048576 then
    perform taskflows.refuse_argument('payload', 'at most 1048576 bytes of JSON text', octet_length(json_text)::text, 'Keep what is long elsewhere, and say in the payload where.');
  elsif position(E'\\u0000' in json_text) > 0 and json_text ~ E'(?:^|[^\\\\])(?:\\\\\\\\)*\\\\u0000' then
    perform taskflows.refuse_argument('payload', E'JSON without \\u0000', 'one', 'PostgreSQL cannot keep this character. Encode binary data, for instance as base64.');
  elsif taskflows.nests_deeper(json_text, 200) then
    perform taskflows.refuse_argument('payload', 'at most 200 levels of nesting', 'more', 'Flatten it.');
  end if;
end
$$;

-- What the job itself says about its tries, as `jobs.policy` keeps it.
create function taskflows.checked_policy(max_attempts integer, timeout interval, retry json) returns json
  language plpgsql as $$
declare
  timeout_ms bigint;
  field text;
  value jsonb;
begin
  if max_attempts not between 1 and 100 then
    perform taskflows.refuse_argument('max_attempts', 'a number from 1 to 100', max_attempts::text, 'It counts all tries, the first included.');
  end if;
  if timeout > interval '30 days' or timeout < interval '1 millisecond' then
    perform taskflows.refuse_argument('timeout', 'more than nothing, and at most 30 days', timeout::text, 'It is the time-out of one attempt. Leave it out for none.');
  end if;
  timeout_ms := extract(epoch from timeout) * 1000;
  if json_typeof(retry) not in ('object', 'null') then
    perform taskflows.refuse_argument('retry', 'a JSON object', retry::text, 'For instance {"strategy": "fixed", "base_delay_seconds": 5}.');
  end if;
  for field, value in select each.key, each.value from jsonb_each(nullif(retry::jsonb, 'null')) as each loop
    if field not in ('strategy', 'base_delay_seconds', 'max_delay_seconds', 'jitter') then
      perform taskflows.refuse_argument('retry', 'strategy, base_delay_seconds, max_delay_seconds or jitter', to_json(field)::text, 'The number of tries is max_attempts.');
    elsif field = 'strategy' and value not in ('"fixed"', '"linear"', '"exponential"') then
      perform taskflows.refuse_argument('retry.strategy', 'fixed, linear or exponential', value::text, 'Leave it out for what the task says, else exponential.');
    elsif field = 'jitter' and value not in ('"full"', '"equal"', '"none"') then
      perform taskflows.refuse_argument('retry.jitter', 'full, equal or none', value::text, 'Leave it out for what the task says, else equal.');
    elsif field = 'base_delay_seconds' and not (jsonb_typeof(value) = 'number' and value between '0' and '86400') then
      perform taskflows.refuse_argument('retry.base_delay_seconds', 'a number of seconds from 0 to 86400', value::text, 'A day at most.');
    elsif field = 'max_delay_seconds' and not (jsonb_typeof(value) = 'number' and value between '0' and '2592000') then
      perform taskflows.refuse_argument('retry.max_delay_seconds', 'a number of seconds from 0 to 2592000', value::text, '30 days at most.');
    end if;
  end loop;
  return nullif(
    jsonb_strip_nulls(jsonb_build_object('max_attempts', max_attempts, 'timeout_ms', timeout_ms)) || coalesce(nullif(retry::jsonb, 'null'), '{}'),
    '{}')::json;
end
$$;

-- Partitions are made 30 days ahead by whatever server or worker runs.
create function taskflows.require_partitions(at timestamptz) returns void language plpgsql as $$
declare
  week text := to_char(date_trunc('week', at at time zone 'UTC'), 'YYYYMMDD');
begin
  if to_regclass('taskflows.jobs_' || week) is null or to_regclass('taskflows.events_' || week) is null then
    raise exception using errcode = 'object_not_in_prerequisite_state',
      message = format('there is no partition for jobs of %s: no taskflows server or worker has run for about 30 days', at::date),
      hint = 'Start one (tf serve): it makes the partitions.';
  end if;
end
$$;

-- A job that was removed with its history has ended.
create function taskflows.is_unfinished(job_id uuid) returns boolean language plpgsql as $$
begin
  return exists (select from taskflows.jobs j where j.id = is_unfinished.job_id)
    and not exists (select from taskflows.attempts a where a.job_id = is_unfinished.job_id and a.final is not null);
end
$$;

-- Takes a unique key for a job that is about to be written, or answers the id of the unfinished job that holds it.
--
-- The row is a lock on the key until the caller's transaction ends, as it must be: whether the key is free depends on
-- how that ends. A key that is held by somebody else's unfinished job is not locked.
create function taskflows.take_unique_key(tenant_id text, name text, key text, job_id uuid) returns uuid
  language plpgsql as $$
declare
  holder uuid;
begin
  loop
    insert into taskflows.unique_keys values (tenant_id, name, key, job_id) on conflict do nothing;
    if found then
      return null;
    end if;
    select k.job_id into holder from taskflows.unique_keys k
      where k.tenant_id = take_unique_key.tenant_id and k.name = take_unique_key.name and k.key = take_unique_key.key;
    continue when not found;
    if taskflows.is_unfinished(holder) then
      return holder;
    end if;
    perform from taskflows.unique_keys k
      where k.tenant_id = take_unique_key.tenant_id and k.name = take_unique_key.name and k.key = take_unique_key.key and k.job_id = holder for update;
    continue when not found;
    -- It may have been retried by hand before the lock. In a transaction with an older snapshot only a lock shows that.
    perform from taskflows.attempts a where a.job_id = holder and a.final is not null for share;
    continue when taskflows.is_unfinished(holder);
    update taskflows.unique_keys k set job_id = take_unique_key.job_id
      where k.tenant_id = take_unique_key.tenant_id and k.name = take_unique_key.name and k.key = take_unique_key.key;
    return null;
  end loop;
end
$$;

-- Adds a job in the caller's transaction. Null as an argument means its default.
--
-- The job goes to `held`, never to `ready`: workers claim from behind the last
-- row they saw, and would miss one that commits late.
create function taskflows.enqueue(
  name text,
  payload json default '{}',
  queue text default 'default',
  tenant_id text default 'default',
  priority integer default 0,
  delay interval default null,
  run_at timestamptz default null,
  max_attempts integer default null,
  timeout interval default null,
  retry json default null,
  correlation_id text default null,
  traceparent text default null,
  unique_key text default null,
  notify boolean default true,
  out id uuid,
  out created boolean
) language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
  at timestamptz := taskflows.now();
  actor text := 'sql:' || session_user;
  policy json;
  due timestamptz;
  holder uuid;
begin
  name := taskflows.checked_text('name', name, 255);
  if name is null then
    perform taskflows.refuse_argument('name', '1 to 255 characters', null, 'Name the task that the job is to run.');
  end if;
  queue := coalesce(taskflows.checked_text('queue', queue, 64), 'default');
  tenant_id := coalesce(taskflows.checked_text('tenant_id', tenant_id, 64), 'default');
  correlation_id := taskflows.checked_text('correlation_id', correlation_id, 128);
  unique_key := taskflows.checked_text('unique_key', unique_key, 255);
  if priority not between -32768 and 32767 then
    perform taskflows.refuse_argument('priority', 'a number from -32768 to 32767', priority::text, 'Higher runs first; 0 is usual.');
  end if;
  if delay is not null and run_at is not null then
    perform taskflows.refuse_argument('delay', 'delay or run_at, not both', delay::text, 'Leave one of them out.');
  elsif delay < interval '0' or delay > interval '3660 days' then
    perform taskflows.refuse_argument('delay', 'from nothing to ten years', delay::text, 'Leave it out for no delay.');
  elsif run_at not between '1970-01-01 00:00:00+00' and '9999-12-31 23:59:59.999+00' then
    perform taskflows.refuse_argument('run_at', 'a moment within the years 1970 to 9999', run_at::text, 'Leave it out for now.');
  end if;
  -- https://www.w3.org/TR/trace-context/#traceparent-header
  if traceparent !~ '^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$' then
    perform taskflows.refuse_argument('traceparent', 'a W3C traceparent', to_json(left(traceparent, 100))::text, 'For instance 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01.');
  end if;
  payload := coalesce(payload, '{}');
  perform taskflows.check_payload(payload);
  policy := taskflows.checked_policy(max_attempts, timeout, retry);
  perform taskflows.require_partitions(at);

  id := taskflows.new_id(at);
  if unique_key is not null then
    holder := taskflows.take_unique_key(tenant_id, name, unique_key, id);
  end if;
  created := holder is null;
  if not created then
    id := holder;
    return;
  end if;

  due := coalesce(run_at, at + delay);
  insert into taskflows.jobs (id, tenant_id, queue, name, priority, payload, policy, scheduled_at, correlation_id, traceparent, created_at, created_by, unique_key)
  values (id, tenant_id, queue, name, coalesce(priority, 0), payload, policy, due, correlation_id, traceparent, at, actor, unique_key);
  insert into taskflows.held (id, queue, tenant_id, reason, until, attempt, spent, awaited)
  values (id, queue, tenant_id, 'transaction', coalesce(due, at), 1, 0, false);
  insert into taskflows.events (at, type, ids, tenants, names, correlations, actor)
  values (at, 'jobs.added', array[id], array[tenant_id], array[name], array[correlation_id], actor);
  if coalesce(notify, true) then
    perform pg_notify('taskflows_held', '');
  end if;
end
$$;

-- Ends the attempt that has the lease for itself, as a success, in the caller's transaction.
--
-- Answers `done`, `cancelled`, or `missing`. Taking the lease away is the fence:
-- whoever else would end the attempt waits for this transaction, and finds the
-- lease gone if it commits.
create function taskflows.complete_attempt(lease uuid, started_at timestamptz, result json) returns text
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
  at timestamptz := taskflows.now();
  taken record;
begin
  delete from taskflows.leases l where l.id = lease and l.cancelled is null and cardinality(l.job_ids) = 1
    returning l.job_ids[1] as job_id, l.attempts[1] as attempt, l.worker_id, l.awaited is not null as awaited into taken;
  if not found then
    return case when exists (select from taskflows.leases l where l.id = lease) then 'cancelled' else 'missing' end;
  end if;
  insert into taskflows.attempts (job_id, attempt, outcome, final, worker_id, started_at, ended_at, result)
  values (taken.job_id, taken.attempt, 'succeeded', 'SUCCEEDED', taken.worker_id, complete_attempt.started_at, at, complete_attempt.result);
  insert into taskflows.events (at, type, ids, tenants, names, correlations)
  select at, 'jobs.succeeded', array[j.id], array[j.tenant_id], array[j.name], array[j.correlation_id] from taskflows.jobs j where j.id = taken.job_id;
  if taken.awaited then
    insert into taskflows.awaited_ends (job_id, state) values (taken.job_id, 'SUCCEEDED');
    perform pg_notify('taskflows_held', '');
  end if;
  return 'done';
end
$$;

revoke all on function taskflows.new_id, taskflows.refuse_argument, taskflows.checked_text, taskflows.nests_deeper, taskflows.check_payload,
  taskflows.checked_policy, taskflows.require_partitions, taskflows.is_unfinished, taskflows.take_unique_key, taskflows.enqueue, taskflows.complete_attempt from public;
