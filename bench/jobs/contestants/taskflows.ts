export * from './raw.ts'
