/** The other way in to the task engine: finding tasks in modules. Apart from `index.ts`, which every user of the library loads. */
export { findExport } from './find-export.ts'
export { loadModule, loadTasks } from './load-tasks.ts'
