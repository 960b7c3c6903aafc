export { visible, visibleJson, visibleLines } from '../../../kernel/visible.ts'
