/** Runs extract_labels.lua as the Lua filter of Fluent Bit does, in one process of luajit. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { deployment } from './programs.ts'

export type LuaValue = string | number | boolean | null | readonly LuaValue[] | { readonly [key: string]: LuaValue }
export type LogRecord = Readonly<Record<string, LuaValue>>

export interface Time {
  readonly sec: number
  readonly nsec: number
}

export interface Input {
  readonly tag?: string
  /** A number where the filter runs without `time_as_table`. */
  readonly time?: Time | number
  readonly record: LuaValue
}

export interface Output {
  /** What the filter returned: -1 drops, 0 keeps, 1 takes time and record, 2 takes the record. */
  readonly code: number
  readonly time: LuaValue
  readonly record: { readonly [key: string]: LuaValue }
}

export function filterRecords(inputs: readonly Input[], env: Readonly<Record<string, string>> = {}): Output[] {
  const calls = inputs.map(({ tag = 'journal', time = { sec: 1_790_000_000, nsec: 0 }, record }) =>
    `call(function() return ${lua(tag)}, ${lua(time as LuaValue)}, ${lua(record)} end)`)
  const { status, stdout, stderr } = spawnSync('luajit', ['-'], {
    input: `${driver}\n${calls.join('\n')}\n`, maxBuffer: 256 << 20,
    env: { PATH: process.env['PATH'] ?? '', SCRIPT: join(deployment, 'fluent-bit/extract_labels.lua'), ...env },
  })
  if (status !== 0) throw new Error(`luajit: ${stderr.toString()}`)
  const decoded = (_: string, value: unknown) => typeof value === 'string' ? Buffer.from(value, 'latin1').toString() : value
  return stdout.toString('latin1').split('\n').filter(Boolean).map((line) => JSON.parse(line, decoded) as Output)
}

/** The record after the parser filter with Preserve_Key and Reserve_Data: what was there before stays as it was. */
export function parsed(record: LogRecord, key: 'MESSAGE' | 'log'): LogRecord {
  try {
    const fields: unknown = JSON.parse(String(record[key]))
    return typeof fields === 'object' && fields !== null && !Array.isArray(fields) ? { ...fields as LogRecord, ...record } : record
  } catch {
    return record
  }
}

/** As Fluent Bit hands values over: nothing is a light userdata, and neither a number nor text. */
function lua(value: LuaValue): string {
  if (value === null) return 'null'
  if (typeof value === 'string') return `"${[...Buffer.from(value)].map((byte) => `\\${String(byte).padStart(3, '0')}`).join('')}"`
  if (typeof value === 'number') return Number.isFinite(value) ? String(value) : value > 0 ? '(1/0)' : value < 0 ? '(-1/0)' : '(0/0)'
  if (typeof value === 'boolean') return String(value)
  if (Array.isArray(value)) return `{${value.map(lua).join(',')}}`
  return `{${Object.entries(value).map(([key, each]) => `[${lua(key)}]=${lua(each as LuaValue)}`).join(',')}}`
}

const driver = `
null = newproxy()
dofile(os.getenv('SCRIPT'))
local function json(value)
  local kind = type(value)
  if kind == 'string' then return '"' .. value:gsub('[%c"\\\\\\128-\\255]', function(c) return string.format('\\\\u%04x', c:byte()) end) .. '"' end
  if kind == 'number' then return value == value and math.abs(value) ~= 1/0 and string.format('%.17g', value) or 'null' end
  if kind == 'boolean' then return tostring(value) end
  if kind ~= 'table' then return 'null' end
  local parts = {}
  for key, each in pairs(value) do parts[#parts + 1] = json(tostring(key)) .. ':' .. json(each) end
  return '{' .. table.concat(parts, ',') .. '}'
end
function call(input)
  local code, time, record = extract_labels(input())
  io.write('{"code":', json(code), ',"time":', json(time), ',"record":', json(record), '}\\n')
end
`
