-- What happens to a record between the inputs of fluent-bit.conf and Loki: foreign records of the journal are dropped,
-- and of the others stay the line as the program wrote it, the five labels and the ids.
--
-- A record comes with the fields of its line beside the line, when parsers.conf could read it as JSON. Nothing is sure
-- about their types: any program writes them. Labels make streams in Loki, so what they hold is cut and counted.

local longest_label, longest_id = 128, 256
-- Loki advises against labels with more values than about a thousand; what comes later becomes "other".
local most_values = 500
local most_services = 100

local levels = {
  trace = 'DEBUG', debug = 'DEBUG', info = 'INFO', notice = 'INFO', warn = 'WARN', warning = 'WARN', error = 'ERROR', err = 'ERROR',
  critical = 'CRITICAL', crit = 'CRITICAL', fatal = 'CRITICAL', alert = 'CRITICAL', emerg = 'CRITICAL',
}
-- PRIORITY= of systemd.journal-fields(7).
local priorities = {
  ['0'] = 'CRITICAL', ['1'] = 'CRITICAL', ['2'] = 'CRITICAL', ['3'] = 'ERROR', ['4'] = 'WARN', ['5'] = 'INFO', ['6'] = 'INFO', ['7'] = 'DEBUG',
}

local function text(value)
  if type(value) == 'string' and value ~= '' then return value end
end

-- Cut between characters: Loki refuses labels that are not UTF-8.
local function cut(value, longest)
  if #value <= longest then return value end
  local last = longest
  while last > 0 and value:byte(last + 1) >= 0x80 and value:byte(last + 1) < 0xC0 do last = last - 1 end
  return value:sub(1, last)
end

local function id(value)
  if type(value) == 'number' then value = string.format(value % 1 == 0 and '%.0f' or '%.14g', value) end
  return text(value) and cut(value, longest_id)
end

local seen = {}

local function label(name, value)
  value = cut(value:gsub('%c', ' '), longest_label)
  local values = seen[name] or { count = 0 }
  seen[name] = values
  local key = '=' .. value
  if not values[key] then
    if values.count >= most_values then return 'other' end
    values[key] = true
    values.count = values.count + 1
  end
  return value
end

local function setting(name)
  return text(os.getenv(name))
end

local function service_of_unit(unit)
  unit = text(unit)
  if not unit then return nil end
  if unit == 'taskflows.service' then return 'taskflows' end
  return unit:match('^taskflows%-(.+)%.service$')
end

-- Names of fields without an underscore can be made up by any program, so UNIT= counts when a manager speaks.
local function service_of_journal(record)
  return service_of_unit(record._SYSTEMD_USER_UNIT) or service_of_unit(record._SYSTEMD_UNIT)
    or (record._PID == '1' and service_of_unit(record.UNIT))
    or (record._SYSTEMD_USER_UNIT == 'init.scope' and service_of_unit(record.USER_UNIT))
    or nil
end

-- /taskflows-web-3f2a91c07b4e -> web; a task of a swarm, web.1.<25 characters> -> web.
local function service_of_container(name)
  name = text(name)
  if not name then return nil end
  local bare = name:gsub('^/+', ''):gsub('^taskflows%-', '')
  bare = bare:gsub('[-_.]' .. ('%x'):rep(12) .. '$', ''):gsub('%.%d+%.' .. ('%w'):rep(25) .. '$', '')
  return text(bare) or name
end

local function service_of_file(path)
  path = text(path)
  return path and (path:match('([^/]+)%.log$') or path:match('([^/]+)$'))
end

local function severity_of(record)
  for _, name in ipairs({ 'severity', 'level_name', 'level' }) do
    local word = text(record[name])
    local severity = word and levels[word:lower()]
    if severity then return severity end
  end
  local level = record.level
  if type(level) == 'number' then
    -- The numbers of pino.
    return level < 30 and 'DEBUG' or level < 40 and 'INFO' or level < 50 and 'WARN' or level < 60 and 'ERROR' or 'CRITICAL'
  end
  return priorities[text(record.PRIORITY) or ''] or 'INFO'
end

-- Seconds and nanoseconds apart: together they are more digits than a number of Lua holds.
local function split(timestamp)
  if type(timestamp) == 'table' and type(timestamp.sec) == 'number' and type(timestamp.nsec) == 'number' then return timestamp.sec, timestamp.nsec end
  if type(timestamp) ~= 'number' or timestamp ~= timestamp or timestamp < 0 or timestamp > 1e12 then return nil end
  local sec = math.floor(timestamp)
  return sec, math.min(math.floor((timestamp - sec) * 1e9 + 0.5), 999999999)
end

-- The time that the program gave the line, unless Loki would refuse it beside the time at which it came.
local function time_of(record, timestamp)
  local sec, nsec = split(timestamp)
  if not sec then return nil end
  local digits = record.timestamp_ns
  if type(digits) == 'number' then digits = string.format('%.0f', digits) end
  if type(digits) ~= 'string' or not digits:match('^%d+$') or #digits ~= 19 then return sec, nsec end
  local own_sec, own_nsec = tonumber(digits:sub(1, 10)), tonumber(digits:sub(11))
  if own_sec < sec - 6 * 86400 or own_sec > sec + 300 then return sec, nsec end
  return own_sec, own_nsec
end

local last, services, uses = {}, 0, 0

local function forget_the_oldest()
  local oldest
  for service, entry in pairs(last) do
    if not oldest or entry.used < last[oldest].used then oldest = service end
  end
  last[oldest] = nil
  services = services - 1
end

-- Loki keeps one of two equal lines with one time: those of a service that share a nanosecond get the next ones.
local function apart(service, sec, nsec)
  local entry = last[service]
  if not entry then
    if services >= most_services then forget_the_oldest() end
    entry = {}
    last[service] = entry
    services = services + 1
  end
  uses = uses + 1
  entry.used = uses
  if entry.sec == sec and entry.nsec == nsec then
    entry.more = entry.more + 1
  else
    entry.sec, entry.nsec, entry.more = sec, nsec, 0
  end
  nsec = nsec + entry.more
  if nsec < 1e9 then return sec, nsec end
  return sec + math.floor(nsec / 1e9), nsec % 1e9
end

local service_uid = setting('SERVICE_UID')

local function is_of_the_journal(record)
  return record.MESSAGE ~= nil or record._TRANSPORT ~= nil or record._SYSTEMD_UNIT ~= nil or record._SYSTEMD_USER_UNIT ~= nil
end

-- Called by Fluent Bit with time_as_table. -1 drops the record, 1 takes time and record, 2 the record alone.
function extract_labels(_, timestamp, record)
  if type(record) ~= 'table' then return 0, timestamp, record end

  local service, line
  if is_of_the_journal(record) then
    if service_uid and record._UID ~= service_uid then return -1, timestamp, record end
    service = service_of_journal(record) or service_of_container(record.CONTAINER_NAME)
    line = text(record.MESSAGE)
    if not service or not line then return -1, timestamp, record end
  else
    service = service_of_container(record.container_name) or text(record.service_name) or text(record.app) or service_of_file(record.file)
    line = text(record.log)
  end

  local out = { log = line }
  -- Programs that speak the forward protocol themselves send fields and no line: all of them are the line then.
  if not line then
    for name, value in pairs(record) do out[name] = value end
  end
  out.app = label('app', text(record.app) or setting('APP_NAME') or 'taskflows')
  out.environment = label('environment', text(record.environment) or setting('ENVIRONMENT') or 'production')
  out.hostname = label('hostname', text(record.hostname) or text(record._HOSTNAME) or setting('HOSTNAME') or 'unknown')
  out.service_name = label('service_name', service or out.app)
  out.severity = severity_of(record)
  for _, name in ipairs({ 'request_id', 'trace_id', 'task_id', 'correlation_id' }) do out[name] = id(record[name]) end

  local sec, nsec = time_of(record, timestamp)
  if not sec then return 2, timestamp, out end
  sec, nsec = apart(out.service_name, sec, nsec)
  if type(timestamp) == 'table' then return 1, { sec = sec, nsec = nsec }, out end
  return 1, sec + nsec / 1e9, out
end
