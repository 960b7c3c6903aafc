/**
 * What messages are made of. Instances are plain data with a `kind`; `compose.ts` says what each one looks like, and
 * `render-*.ts` say it in the language of a destination.
 */
import type { CodeBlock, Breadcrumb, Divider, Heading, Json, LineBreak, Link, List, LogEntry, Text } from './components/prose.ts'
import type { Image, KeyValues, Table, Timeline, Tree } from './components/data.ts'
import type { Card, Grid } from './components/layout.ts'
import type { Badge, Callout, MetricCard, PriceChange, ProgressBar, Spinner, StatusIndicator } from './components/signals.ts'

export * from './components/prose.ts'
export * from './components/data.ts'
export * from './components/layout.ts'
export * from './components/signals.ts'
// The names of the documents; two of them would shadow what JavaScript and the product call so.
export { KeyValues as Map } from './components/data.ts'
export { Json as JSONComponent } from './components/prose.ts'
export { Callout as Alert, Spinner as SpinnerComponent } from './components/signals.ts'
export { Tree as TreeView } from './components/data.ts'

export type Component =
  | Badge | Breadcrumb | Callout | Card | CodeBlock | Divider | Grid | Heading | Image | Json | KeyValues | LineBreak | Link | List | LogEntry
  | MetricCard | PriceChange | ProgressBar | Spinner | StatusIndicator | Table | Text | Timeline | Tree
