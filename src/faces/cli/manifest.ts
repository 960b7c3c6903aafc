/** Generated from src/contract by scripts/manifest.ts: change the contract, then run that. */
import type { OperationCommand } from './command.ts'

export const operationCommands: readonly OperationCommand[] = [
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
      "tf events --type 'job.*' --limit 200 -o jsonl"
    ],
    "area": "events",
    "operation": "list"
  }
]

export const routes = {
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
