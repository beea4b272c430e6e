export { dailyMoment } from './daily-moment.ts';
export type { IdleOptions } from './idle-waiters.ts';
export { createLocalEngine, type LocalEngine } from './local-engine.ts';
export type { EngineConnector, LocalEngineOptions } from './local-engine-options.ts';
export { type Plan, type PlanOptions, plan, type RestingTask } from './plan.ts';
export { stopOnSignals } from './stop-on-signals.ts';
