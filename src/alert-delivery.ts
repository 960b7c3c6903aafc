/**
 * Puts together what sends alerts in a user's process: one dispatcher, the
 * configuration, the memory in TASKFLOWS_HOME. Loaded when the first alert is sent.
 */
import { join } from 'node:path'
import { toldFiles } from './adapters/alerts/told-files.ts'
import { type Explanation, explainConfig, revealReferences } from './config.ts'
import type { AlertSettings } from './kernel/alerts/destination.ts'
import { Dispatcher } from './kernel/alerts/dispatcher.ts'
import { waitBeforeExit } from './kernel/alerts/wait-before-exit.ts'
import { backgroundClock } from './kernel/clock.ts'
import type { Log } from './kernel/observe/log.ts'
import { getLogger } from './process-log.ts'

// Two copies of this package in one process keep the order of messages and their limits together.
const key = Symbol.for('taskflows.alert-dispatcher')
const shared = globalThis as { [key]?: Dispatcher }

/** The dispatcher of this process. */
export function alertDispatcher(): Dispatcher {
  return (shared[key] ??= createDispatcher(getLogger('taskflows.alerts')))
}

function createDispatcher(log: Log): Dispatcher {
  // A broken configuration leaves defaults where it is wrong: who watches must not be the first to fall silent.
  const dispatcher = new Dispatcher({
    clock: backgroundClock,
    random: Math.random,
    log,
    memory: toldFiles(join(explainConfig().settings.home.value as string, 'alerts'), log),
    open: async (destination) => destination.open({ settings: settingsOf(explainConfig()), reveal: revealReferences }),
  })
  waitBeforeExit(dispatcher, log)
  return dispatcher
}

const bytesPerMb = 1024 * 1024

function settingsOf({ settings }: Explanation): AlertSettings {
  const value = <T>(name: keyof Explanation['settings']) => settings[name].value as T
  return {
    slackBotToken: value('slackBotToken'),
    slackApiUrl: value('slackApiUrl'),
    slackLimits: { inlineTableMaxRows: value('slackInlineTablesMaxRows'), attachmentMaxBytes: value<number>('slackAttachmentMaxSizeMb') * bytesPerMb },
    emailAddr: value('emailAddr'),
    emailPassword: value('emailPassword'),
    smtpServer: value('smtpServer'),
    smtpPort: value('smtpPort'),
    emailLimits: { inlineTableMaxRows: value('emailInlineTablesMaxRows'), attachmentMaxBytes: value<number>('emailAttachmentMaxSizeMb') * bytesPerMb },
    discordWebhookUrl: value('discordWebhookUrl'),
  }
}
