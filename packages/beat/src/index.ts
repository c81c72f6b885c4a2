/** Every module of `@celeriac/beat`, by its name. */
export * as BeatError from "./BeatError.ts"
export * as Schedule from "./Schedule.ts"
