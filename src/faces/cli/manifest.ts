/** Generated from src/contract by scripts/manifest.ts: change the contract, then run that. */
import type { OperationCommand } from './command.ts'

export const operationCommands: readonly OperationCommand[] = [
  {
    "words": "backfill show",
    "summary": "Show a backfill and what became of each of its times",
    "args": [
      {
        "key": "name",
        "kind": "text",
        "min": 1,
        "max": 255,
        "describe": "The name of the service"
      },
      {
        "key": "id",
        "kind": "text",
        "min": 1,
        "max": 100,
        "describe": "The id of the backfill"
      }
    ],
    "flags": [],
    "examples": [
      "tf backfill show nightly 019a9f00-1234-7abc-8def-0123456789ab"
    ],
    "area": "services",
    "operation": "showBackfill"
  },
  {
    "words": "backfill cancel",
    "summary": "Cancel a backfill: what waits is left out, what runs goes on to its end",
    "args": [
      {
        "key": "name",
        "kind": "text",
        "min": 1,
        "max": 255,
        "describe": "The name of the service"
      },
      {
        "key": "id",
        "kind": "text",
        "min": 1,
        "max": 100,
        "describe": "The id of the backfill"
      }
    ],
    "flags": [],
    "examples": [
      "tf backfill cancel nightly 019a9f00-1234-7abc-8def-0123456789ab"
    ],
    "area": "services",
    "operation": "cancelBackfill"
  },
  {
    "words": "why",
    "summary": "Say why a service is as it is: how its last run ended, what may stop the next, what its schedule missed",
    "args": [
      {
        "key": "name",
        "kind": "text",
        "min": 1,
        "max": 255,
        "describe": "The name of the service"
      }
    ],
    "flags": [
      {
        "key": "scope",
        "kind": "text",
        "choices": [
          "user",
          "system"
        ],
        "describe": "Only services of one scope (both unless said): user, system",
        "name": "scope",
        "placeholder": "<scope>"
      }
    ],
    "examples": [
      "tf why nightly",
      "tf why nightly -o json"
    ],
    "area": "services",
    "operation": "why"
  },
  {
    "words": "show",
    "summary": "Show the unit files of services, and the drop-ins that change them",
    "args": [
      {
        "key": "match",
        "kind": "text",
        "min": 1,
        "max": 255,
        "describe": "The name of a service, or a pattern: * is any text, ? one character"
      }
    ],
    "flags": [
      {
        "key": "scope",
        "kind": "text",
        "choices": [
          "user",
          "system"
        ],
        "describe": "Only services of one scope (both unless said): user, system",
        "name": "scope",
        "placeholder": "<scope>"
      }
    ],
    "examples": [
      "tf show nightly",
      "tf show 'web-*'"
    ],
    "area": "services",
    "operation": "files"
  },
  {
    "words": "next",
    "summary": "Show when services run next, by their schedules",
    "args": [
      {
        "key": "match",
        "kind": "text",
        "min": 1,
        "max": 255,
        "describe": "Only services whose names are like this: * is any text, ? one character",
        "optional": true
      }
    ],
    "flags": [
      {
        "key": "scope",
        "kind": "text",
        "choices": [
          "user",
          "system"
        ],
        "describe": "Only services of one scope (both unless said): user, system",
        "name": "scope",
        "placeholder": "<scope>"
      },
      {
        "key": "iterations",
        "kind": "whole",
        "min": 1,
        "max": 50,
        "describe": "How many runs of each; default 5",
        "name": "iterations",
        "short": "n",
        "placeholder": "<n>"
      }
    ],
    "examples": [
      "tf next",
      "tf next nightly -n 10"
    ],
    "area": "services",
    "operation": "next"
  },
  {
    "words": "start",
    "summary": "Start services: the timers of those that have a start schedule, else the services themselves",
    "args": [
      {
        "key": "name",
        "kind": "text",
        "min": 1,
        "max": 255,
        "describe": "The name of a service, or a pattern: * is any text, ? one character",
        "many": true
      }
    ],
    "flags": [
      {
        "key": "scope",
        "kind": "text",
        "choices": [
          "user",
          "system"
        ],
        "describe": "Only services of one scope (both unless said): user, system",
        "name": "scope",
        "placeholder": "<scope>"
      },
      {
        "key": "timers",
        "name": "timers",
        "short": "t",
        "kind": "switch",
        "describe": "Only their timers"
      },
      {
        "key": "services",
        "name": "services",
        "kind": "switch",
        "describe": "Only the services themselves"
      },
      {
        "key": "wait",
        "name": "wait",
        "short": "w",
        "kind": "switch",
        "describe": "Start now and wait until it has ended, for what ends by itself"
      }
    ],
    "examples": [
      "tf start web",
      "tf start 'report-*' --timers",
      "tf start nightly --services --wait"
    ],
    "area": "services",
    "operation": "start"
  },
  {
    "words": "stop",
    "summary": "Stop services and their timers",
    "args": [
      {
        "key": "name",
        "kind": "text",
        "min": 1,
        "max": 255,
        "describe": "The name of a service, or a pattern: * is any text, ? one character",
        "many": true
      }
    ],
    "flags": [
      {
        "key": "scope",
        "kind": "text",
        "choices": [
          "user",
          "system"
        ],
        "describe": "Only services of one scope (both unless said): user, system",
        "name": "scope",
        "placeholder": "<scope>"
      },
      {
        "key": "timers",
        "name": "timers",
        "short": "t",
        "kind": "switch",
        "describe": "Only their timers"
      },
      {
        "key": "services",
        "name": "services",
        "kind": "switch",
        "describe": "Only the services themselves"
      }
    ],
    "examples": [
      "tf stop web",
      "tf stop nightly --timers"
    ],
    "area": "services",
    "operation": "stop"
  },
  {
    "words": "restart",
    "summary": "Restart services; one that waits for its schedule is left alone, its timer starts anew, and runs side by side go on",
    "args": [
      {
        "key": "name",
        "kind": "text",
        "min": 1,
        "max": 255,
        "describe": "The name of a service, or a pattern: * is any text, ? one character",
        "many": true
      }
    ],
    "flags": [
      {
        "key": "scope",
        "kind": "text",
        "choices": [
          "user",
          "system"
        ],
        "describe": "Only services of one scope (both unless said): user, system",
        "name": "scope",
        "placeholder": "<scope>"
      },
      {
        "key": "timers",
        "name": "timers",
        "short": "t",
        "kind": "switch",
        "describe": "Only their timers"
      },
      {
        "key": "services",
        "name": "services",
        "kind": "switch",
        "describe": "Only the services themselves"
      }
    ],
    "examples": [
      "tf restart web"
    ],
    "area": "services",
    "operation": "restart"
  },
  {
    "words": "enable",
    "summary": "Have services start at boot: the timers of those that have a start schedule, else the services themselves",
    "args": [
      {
        "key": "name",
        "kind": "text",
        "min": 1,
        "max": 255,
        "describe": "The name of a service, or a pattern: * is any text, ? one character",
        "many": true
      }
    ],
    "flags": [
      {
        "key": "scope",
        "kind": "text",
        "choices": [
          "user",
          "system"
        ],
        "describe": "Only services of one scope (both unless said): user, system",
        "name": "scope",
        "placeholder": "<scope>"
      },
      {
        "key": "timers",
        "name": "timers",
        "short": "t",
        "kind": "switch",
        "describe": "Only their timers"
      },
      {
        "key": "services",
        "name": "services",
        "kind": "switch",
        "describe": "Only the services themselves"
      }
    ],
    "examples": [
      "tf enable web"
    ],
    "area": "services",
    "operation": "enable"
  },
  {
    "words": "disable",
    "summary": "Have services and their timers not start at boot; what runs goes on",
    "args": [
      {
        "key": "name",
        "kind": "text",
        "min": 1,
        "max": 255,
        "describe": "The name of a service, or a pattern: * is any text, ? one character",
        "many": true
      }
    ],
    "flags": [
      {
        "key": "scope",
        "kind": "text",
        "choices": [
          "user",
          "system"
        ],
        "describe": "Only services of one scope (both unless said): user, system",
        "name": "scope",
        "placeholder": "<scope>"
      },
      {
        "key": "timers",
        "name": "timers",
        "short": "t",
        "kind": "switch",
        "describe": "Only their timers"
      },
      {
        "key": "services",
        "name": "services",
        "kind": "switch",
        "describe": "Only the services themselves"
      }
    ],
    "examples": [
      "tf disable web"
    ],
    "area": "services",
    "operation": "disable"
  },
  {
    "words": "remove",
    "summary": "Stop services and remove their units; tf rollback brings them back",
    "args": [
      {
        "key": "name",
        "kind": "text",
        "min": 1,
        "max": 255,
        "describe": "The name of a service, or a pattern: * is any text, ? one character",
        "many": true
      }
    ],
    "flags": [
      {
        "key": "scope",
        "kind": "text",
        "choices": [
          "user",
          "system"
        ],
        "describe": "Only services of one scope (both unless said): user, system",
        "name": "scope",
        "placeholder": "<scope>"
      }
    ],
    "examples": [
      "tf remove web",
      "tf remove 'old-*' --yes"
    ],
    "confirm": "Stop these services and remove their units?",
    "area": "services",
    "operation": "remove"
  },
  {
    "words": "rollback",
    "summary": "Restore an earlier version of a service, as a new version",
    "args": [
      {
        "key": "name",
        "kind": "text",
        "min": 1,
        "max": 255,
        "describe": "The name of the service"
      }
    ],
    "flags": [
      {
        "key": "scope",
        "kind": "text",
        "choices": [
          "user",
          "system"
        ],
        "describe": "Only services of one scope (both unless said): user, system",
        "name": "scope",
        "placeholder": "<scope>"
      },
      {
        "key": "to",
        "kind": "whole",
        "min": 1,
        "max": 9007199254740991,
        "describe": "The version; default the one before the present",
        "name": "to",
        "placeholder": "<n>"
      }
    ],
    "examples": [
      "tf rollback web",
      "tf rollback web --to 3"
    ],
    "area": "services",
    "operation": "rollback"
  },
  {
    "words": "env list",
    "summary": "List named environments",
    "args": [],
    "flags": [],
    "examples": [
      "tf env list",
      "tf env list -o json"
    ],
    "area": "environments",
    "operation": "list"
  },
  {
    "words": "env show",
    "summary": "Show a named environment and the services that use it",
    "args": [
      {
        "key": "name",
        "kind": "text",
        "min": 1,
        "max": 100,
        "describe": "What definitions call it"
      }
    ],
    "flags": [],
    "examples": [
      "tf env show ml",
      "tf env show ml -o yaml"
    ],
    "area": "environments",
    "operation": "get"
  },
  {
    "words": "env delete",
    "summary": "Delete a named environment that no service uses",
    "args": [
      {
        "key": "name",
        "kind": "text",
        "min": 1,
        "max": 100,
        "describe": "What definitions call it",
        "many": true
      }
    ],
    "flags": [],
    "examples": [
      "tf env delete ml"
    ],
    "confirm": "Delete these environments?",
    "area": "environments",
    "operation": "delete"
  },
  {
    "words": "jobs add",
    "summary": "Add a job",
    "args": [
      {
        "key": "name",
        "kind": "text",
        "min": 1,
        "max": 255,
        "describe": "The name of the task to run"
      }
    ],
    "flags": [
      {
        "key": "payload",
        "kind": "json",
        "describe": "Any JSON value for the handler; {} if left out",
        "name": "payload",
        "placeholder": "<json|@file|->"
      },
      {
        "key": "queue",
        "kind": "text",
        "min": 1,
        "max": 64,
        "describe": "Where it waits; default \"default\"",
        "name": "queue",
        "placeholder": "<queue>"
      },
      {
        "key": "tenant_id",
        "kind": "text",
        "min": 1,
        "max": 64,
        "describe": "For whom; default \"default\"",
        "name": "tenant",
        "placeholder": "<id>"
      },
      {
        "key": "priority",
        "kind": "whole",
        "min": -32768,
        "max": 32767,
        "describe": "Higher runs first; default 0",
        "name": "priority",
        "placeholder": "<n>"
      },
      {
        "key": "delay",
        "kind": "duration",
        "describe": "Not before this long from now: seconds, or text such as 5m",
        "name": "delay",
        "placeholder": "<duration>"
      },
      {
        "key": "run_at",
        "kind": "instant",
        "describe": "Not before this moment",
        "name": "run-at",
        "placeholder": "<time>"
      },
      {
        "key": "max_attempts",
        "kind": "whole",
        "min": 1,
        "max": 100,
        "describe": "All tries, the first included; default what the task says, else 3",
        "name": "max-attempts",
        "placeholder": "<n>"
      },
      {
        "key": "timeout",
        "kind": "duration",
        "describe": "Time-out of one attempt: seconds, or text such as 5m",
        "name": "timeout",
        "placeholder": "<duration>"
      },
      {
        "key": "unique_key",
        "kind": "text",
        "min": 1,
        "max": 255,
        "describe": "Add it only if no unfinished job of this tenant and name has the same key",
        "name": "unique-key",
        "placeholder": "<unique-key>"
      },
      {
        "key": "correlation_id",
        "kind": "text",
        "min": 1,
        "max": 128,
        "describe": "Ties it to the request or job that caused it; default its own id",
        "name": "correlation-id",
        "placeholder": "<correlation-id>"
      },
      {
        "key": "after",
        "kind": "text",
        "many": true,
        "describe": "Jobs that must succeed first",
        "name": "after",
        "placeholder": "<id...>"
      }
    ],
    "examples": [
      "tf jobs add resize --payload '{\"file\": \"cat.jpg\"}'",
      "tf jobs add resize --payload @cat.json --priority 10 --wait",
      "tf jobs add mail --delay 5m --tenant acme --max-attempts 5",
      "tf jobs add report --unique-key 2030-01 --delay 1h",
      "tf jobs add report --after \"$(tf jobs add resize -o name)\""
    ],
    "area": "jobs",
    "operation": "add"
  },
  {
    "words": "jobs list",
    "summary": "List jobs, newest first",
    "args": [],
    "flags": [
      {
        "key": "state",
        "kind": "text",
        "choices": [
          "PENDING",
          "SCHEDULED",
          "RUNNING",
          "SUCCEEDED",
          "FAILED",
          "DEAD",
          "CANCELLED"
        ],
        "describe": "Only jobs in this state: PENDING, SCHEDULED, RUNNING, SUCCEEDED, FAILED, DEAD, CANCELLED",
        "name": "state",
        "placeholder": "<state>"
      },
      {
        "key": "queue",
        "kind": "text",
        "min": 1,
        "max": 64,
        "describe": "Only jobs of this queue",
        "name": "queue",
        "placeholder": "<queue>"
      },
      {
        "key": "tenant_id",
        "kind": "text",
        "min": 1,
        "max": 64,
        "describe": "Only jobs of this tenant",
        "name": "tenant",
        "placeholder": "<id>"
      },
      {
        "key": "name",
        "kind": "text",
        "min": 1,
        "max": 255,
        "describe": "Only jobs of this name",
        "name": "name",
        "placeholder": "<name>"
      },
      {
        "key": "correlation_id",
        "kind": "text",
        "min": 1,
        "max": 128,
        "describe": "Only jobs of this correlation id",
        "name": "correlation-id",
        "placeholder": "<correlation-id>"
      },
      {
        "key": "since",
        "kind": "text",
        "max": 100,
        "describe": "Only jobs created since: an instant, or how long ago, such as 1h",
        "name": "since",
        "placeholder": "<since>"
      },
      {
        "key": "limit",
        "kind": "whole",
        "min": 1,
        "max": 1000,
        "describe": "How many to show at most; default 50",
        "name": "limit",
        "placeholder": "<n>"
      },
      {
        "key": "cursor",
        "kind": "text",
        "max": 10000,
        "describe": "next_cursor of the previous page",
        "name": "cursor",
        "placeholder": "<cursor>"
      }
    ],
    "examples": [
      "tf jobs list --state DEAD --since 1h",
      "tf jobs list --queue mail -o json",
      "tf jobs retry $(tf jobs list --state DEAD -o name)"
    ],
    "area": "jobs",
    "operation": "list"
  },
  {
    "words": "jobs show",
    "summary": "Show one job",
    "args": [
      {
        "key": "id",
        "kind": "text",
        "min": 1,
        "max": 255,
        "describe": "The id of the job",
        "many": true
      }
    ],
    "flags": [],
    "examples": [
      "tf jobs show 019a9f00-1234-7abc-8def-0123456789ab"
    ],
    "area": "jobs",
    "operation": "get"
  },
  {
    "words": "jobs cancel",
    "summary": "Cancel a job that has not finished; a running one is told to stop",
    "args": [
      {
        "key": "id",
        "kind": "text",
        "min": 1,
        "max": 255,
        "describe": "The id of the job",
        "many": true
      }
    ],
    "flags": [
      {
        "key": "reason",
        "kind": "text",
        "max": 500,
        "describe": "Kept in the history of the job",
        "name": "reason",
        "placeholder": "<reason>"
      }
    ],
    "examples": [
      "tf jobs cancel 019a9f00-1234-7abc-8def-0123456789ab --reason \"wrong file\""
    ],
    "area": "jobs",
    "operation": "cancel"
  },
  {
    "words": "jobs retry",
    "summary": "Run a finished job again, with a fresh budget of attempts",
    "args": [
      {
        "key": "id",
        "kind": "text",
        "min": 1,
        "max": 255,
        "describe": "The id of the job",
        "many": true
      }
    ],
    "flags": [],
    "examples": [
      "tf jobs retry 019a9f00-1234-7abc-8def-0123456789ab"
    ],
    "area": "jobs",
    "operation": "retry"
  },
  {
    "words": "events",
    "summary": "List what happened, in the order in which it was committed; there is always a next_cursor, since more will happen",
    "args": [],
    "flags": [
      {
        "key": "type",
        "kind": "text",
        "max": 100,
        "describe": "Only this type, or all of one kind: job.*",
        "name": "type",
        "placeholder": "<type>"
      },
      {
        "key": "subject",
        "kind": "text",
        "max": 255,
        "describe": "Only events about this id",
        "name": "subject",
        "placeholder": "<subject>"
      },
      {
        "key": "tenant_id",
        "kind": "text",
        "min": 1,
        "max": 64,
        "describe": "Only events of this tenant",
        "name": "tenant",
        "placeholder": "<id>"
      },
      {
        "key": "correlation_id",
        "kind": "text",
        "min": 1,
        "max": 128,
        "describe": "Only events of this correlation id",
        "name": "correlation-id",
        "placeholder": "<correlation-id>"
      },
      {
        "key": "since",
        "kind": "text",
        "max": 100,
        "describe": "Only events since: an instant, or how long ago, such as 1h",
        "name": "since",
        "placeholder": "<since>"
      },
      {
        "key": "limit",
        "kind": "whole",
        "min": 1,
        "max": 1000,
        "describe": "How many to show at most; default 50",
        "name": "limit",
        "placeholder": "<n>"
      },
      {
        "key": "cursor",
        "kind": "text",
        "max": 10000,
        "describe": "next_cursor of the previous page",
        "name": "cursor",
        "placeholder": "<cursor>"
      }
    ],
    "examples": [
      "tf events --since 10m",
      "tf events --type 'job.*' --limit 200 -o jsonl",
      "tf events --follow --since 1h"
    ],
    "area": "events",
    "operation": "list"
  },
  {
    "words": "runs list",
    "summary": "List what ran: those that run first, then by their end, the latest first",
    "args": [],
    "flags": [
      {
        "key": "kind",
        "kind": "text",
        "choices": [
          "task",
          "job",
          "service",
          "node"
        ],
        "describe": "Only runs of this kind: task, job, service, node",
        "name": "kind",
        "placeholder": "<kind>"
      },
      {
        "key": "state",
        "kind": "text",
        "choices": [
          "running",
          "succeeded",
          "failed",
          "timed_out",
          "cancelled",
          "skipped",
          "missed",
          "late",
          "lost"
        ],
        "describe": "Only runs in this state: running, succeeded, failed, timed_out, cancelled, skipped, missed, late, lost",
        "name": "state",
        "placeholder": "<state>"
      },
      {
        "key": "name",
        "kind": "text",
        "min": 1,
        "max": 255,
        "describe": "Only runs of this name",
        "name": "name",
        "placeholder": "<name>"
      },
      {
        "key": "subject",
        "kind": "text",
        "min": 1,
        "max": 255,
        "describe": "Only runs of this job, or of this service: HOST/SCOPE/NAME",
        "name": "subject",
        "placeholder": "<subject>"
      },
      {
        "key": "tenant_id",
        "kind": "text",
        "min": 1,
        "max": 64,
        "describe": "Only runs of this tenant",
        "name": "tenant",
        "placeholder": "<id>"
      },
      {
        "key": "correlation_id",
        "kind": "text",
        "min": 1,
        "max": 128,
        "describe": "Only runs of this correlation id",
        "name": "correlation-id",
        "placeholder": "<correlation-id>"
      },
      {
        "key": "since",
        "kind": "text",
        "max": 100,
        "describe": "Only runs that ended since, or still run; those whose end nobody saw, by their start: an instant, or how long ago, such as 1h",
        "name": "since",
        "placeholder": "<since>"
      },
      {
        "key": "limit",
        "kind": "whole",
        "min": 1,
        "max": 1000,
        "describe": "How many to show at most; default 50",
        "name": "limit",
        "placeholder": "<n>"
      },
      {
        "key": "cursor",
        "kind": "text",
        "max": 10000,
        "describe": "next_cursor of the previous page",
        "name": "cursor",
        "placeholder": "<cursor>"
      }
    ],
    "examples": [
      "tf runs list --state failed --since 1h",
      "tf runs list --kind service -o json"
    ],
    "area": "runs",
    "operation": "list"
  },
  {
    "words": "runs show",
    "summary": "Show one run",
    "args": [
      {
        "key": "id",
        "kind": "text",
        "min": 1,
        "max": 255,
        "describe": "The id of the run; for a service what systemd calls the invocation",
        "many": true
      }
    ],
    "flags": [],
    "examples": [
      "tf runs show 019a9f00-1234-7abc-8def-0123456789ab.1"
    ],
    "area": "runs",
    "operation": "get"
  },
  {
    "words": "runs timeline",
    "summary": "Tell what happened under one correlation id, oldest first",
    "args": [
      {
        "key": "correlation_id",
        "kind": "text",
        "min": 1,
        "max": 128,
        "describe": "The correlation id, or the id of a job"
      }
    ],
    "flags": [
      {
        "key": "limit",
        "kind": "whole",
        "min": 1,
        "max": 10000,
        "describe": "How many to show at most; default 1000",
        "name": "limit",
        "placeholder": "<n>"
      }
    ],
    "examples": [
      "tf runs timeline order-4711"
    ],
    "area": "runs",
    "operation": "timeline"
  },
  {
    "words": "api tokens create",
    "summary": "Create an API token; it is shown this once",
    "args": [
      {
        "key": "name",
        "kind": "text",
        "max": 64,
        "describe": "What it is called in lists and in the event log"
      }
    ],
    "flags": [
      {
        "key": "role",
        "kind": "text",
        "choices": [
          "viewer",
          "operator",
          "admin"
        ],
        "describe": "viewer reads; operator also adds, cancels and retries; admin also manages tokens: viewer, operator, admin; default viewer",
        "name": "role",
        "placeholder": "<role>"
      },
      {
        "key": "tenant_id",
        "kind": "text",
        "min": 1,
        "max": 64,
        "describe": "Bind it to this tenant: it sees and acts for no other",
        "name": "tenant",
        "placeholder": "<id>"
      },
      {
        "key": "expires_in",
        "kind": "duration",
        "describe": "How long it is good for, such as 90d; default for ever",
        "name": "expires",
        "placeholder": "<duration>"
      },
      {
        "key": "rate_limit",
        "kind": "whole",
        "min": 1,
        "max": 100000,
        "describe": "Requests per second that it may make; default what the server says",
        "name": "rate-limit",
        "placeholder": "<n>"
      }
    ],
    "examples": [
      "tf api tokens create ci --role operator --expires 90d",
      "tf api tokens create acme --role operator --tenant acme -o name"
    ],
    "area": "tokens",
    "operation": "create"
  },
  {
    "words": "api tokens list",
    "summary": "List API tokens, newest first, without the credentials",
    "args": [],
    "flags": [
      {
        "key": "state",
        "kind": "text",
        "choices": [
          "live",
          "expired",
          "revoked",
          "all"
        ],
        "describe": "Only tokens in this state: live, expired, revoked, all; default live",
        "name": "state",
        "placeholder": "<state>"
      },
      {
        "key": "limit",
        "kind": "whole",
        "min": 1,
        "max": 1000,
        "describe": "How many to show at most; default 50",
        "name": "limit",
        "placeholder": "<n>"
      },
      {
        "key": "cursor",
        "kind": "text",
        "max": 10000,
        "describe": "next_cursor of the previous page",
        "name": "cursor",
        "placeholder": "<cursor>"
      }
    ],
    "examples": [
      "tf api tokens list",
      "tf api tokens list --state all -o wide"
    ],
    "area": "tokens",
    "operation": "list"
  },
  {
    "words": "api tokens revoke",
    "summary": "Revoke an API token: it is refused from now on",
    "args": [
      {
        "key": "id",
        "kind": "text",
        "min": 1,
        "max": 255,
        "describe": "The id of the token, its name, or TENANT/NAME",
        "many": true
      }
    ],
    "flags": [],
    "examples": [
      "tf api tokens revoke ci"
    ],
    "area": "tokens",
    "operation": "revoke"
  }
]

export const routes = {
  "services": {
    "backfill": {
      "method": "POST",
      "path": "/services/{name}/backfills"
    },
    "backfills": {
      "method": "GET",
      "path": "/services/{name}/backfills"
    },
    "showBackfill": {
      "method": "GET",
      "path": "/services/{name}/backfills/{id}"
    },
    "cancelBackfill": {
      "method": "POST",
      "path": "/services/{name}/backfills/{id}/cancel"
    },
    "logs": {
      "method": "GET",
      "path": "/services/{name}/logs"
    },
    "followLogs": {
      "method": "GET",
      "path": "/services/{name}/logs",
      "stream": true
    },
    "why": {
      "method": "GET",
      "path": "/services/{name}/why"
    },
    "list": {
      "method": "GET",
      "path": "/services"
    },
    "get": {
      "method": "GET",
      "path": "/services/{name}"
    },
    "status": {
      "method": "GET",
      "path": "/services/{name}/status"
    },
    "files": {
      "method": "GET",
      "path": "/services:files"
    },
    "next": {
      "method": "GET",
      "path": "/services:next"
    },
    "plan": {
      "method": "POST",
      "path": "/services:plan",
      "slow": true
    },
    "apply": {
      "method": "POST",
      "path": "/services",
      "slow": true
    },
    "start": {
      "method": "POST",
      "path": "/services/{name}/start",
      "slow": true
    },
    "stop": {
      "method": "POST",
      "path": "/services/{name}/stop",
      "slow": true
    },
    "restart": {
      "method": "POST",
      "path": "/services/{name}/restart",
      "slow": true
    },
    "enable": {
      "method": "POST",
      "path": "/services/{name}/enable"
    },
    "disable": {
      "method": "POST",
      "path": "/services/{name}/disable"
    },
    "remove": {
      "method": "DELETE",
      "path": "/services/{name}",
      "slow": true
    },
    "rollback": {
      "method": "POST",
      "path": "/services/{name}/rollback",
      "slow": true
    },
    "batch": {
      "method": "POST",
      "path": "/services:batch",
      "slow": true
    }
  },
  "environments": {
    "list": {
      "method": "GET",
      "path": "/environments"
    },
    "get": {
      "method": "GET",
      "path": "/environments/{name}"
    },
    "create": {
      "method": "POST",
      "path": "/environments"
    },
    "plan": {
      "method": "POST",
      "path": "/environments/{name}/plan",
      "slow": true
    },
    "edit": {
      "method": "PUT",
      "path": "/environments/{name}",
      "slow": true
    },
    "delete": {
      "method": "DELETE",
      "path": "/environments/{name}"
    }
  },
  "jobs": {
    "add": {
      "method": "POST",
      "path": "/jobs"
    },
    "addMany": {
      "method": "POST",
      "path": "/jobs:batch"
    },
    "list": {
      "method": "GET",
      "path": "/jobs"
    },
    "get": {
      "method": "GET",
      "path": "/jobs/{id}"
    },
    "attempts": {
      "method": "GET",
      "path": "/jobs/{id}/attempts"
    },
    "timeline": {
      "method": "GET",
      "path": "/jobs/{id}/timeline"
    },
    "cancel": {
      "method": "POST",
      "path": "/jobs/{id}/cancel"
    },
    "retry": {
      "method": "POST",
      "path": "/jobs/{id}/retry"
    }
  },
  "events": {
    "list": {
      "method": "GET",
      "path": "/events"
    },
    "follow": {
      "method": "GET",
      "path": "/events",
      "stream": true
    }
  },
  "runs": {
    "list": {
      "method": "GET",
      "path": "/runs"
    },
    "get": {
      "method": "GET",
      "path": "/runs/{id}"
    },
    "report": {
      "method": "POST",
      "path": "/runs:report"
    },
    "timeline": {
      "method": "GET",
      "path": "/timeline/{correlation_id}"
    }
  },
  "tokens": {
    "create": {
      "method": "POST",
      "path": "/tokens"
    },
    "list": {
      "method": "GET",
      "path": "/tokens"
    },
    "revoke": {
      "method": "POST",
      "path": "/tokens/{id}/revoke"
    }
  },
  "system": {
    "health": {
      "method": "GET",
      "path": "/health"
    },
    "info": {
      "method": "GET",
      "path": "/server"
    }
  }
} as const

/** What a field of an input is when nobody says: for operations that are carried out where no schema is loaded. */
export const defaults: Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, unknown>>>>>> = {
  "services": {
    "backfill": {
      "max_parallel": 1,
      "again": false,
      "dry_run": false
    },
    "backfills": {
      "limit": 50
    },
    "logs": {
      "limit": 50,
      "order": "desc"
    },
    "list": {
      "running": false,
      "details": true
    },
    "next": {
      "iterations": 5
    },
    "plan": {
      "prune": false
    },
    "apply": {
      "prune": false
    },
    "start": {
      "timers": false,
      "services": false,
      "wait": false
    },
    "stop": {
      "timers": false,
      "services": false
    },
    "restart": {
      "timers": false,
      "services": false
    },
    "enable": {
      "timers": false,
      "services": false
    },
    "disable": {
      "timers": false,
      "services": false
    },
    "batch": {
      "timers": false,
      "services": false
    }
  },
  "environments": {
    "edit": {
      "apply": true
    }
  },
  "jobs": {
    "list": {
      "limit": 50
    }
  },
  "events": {
    "list": {
      "limit": 50
    }
  },
  "runs": {
    "list": {
      "limit": 50
    },
    "timeline": {
      "limit": 1000
    }
  },
  "tokens": {
    "create": {
      "role": "viewer"
    },
    "list": {
      "state": "live",
      "limit": 50
    }
  },
  "system": {}
}
