/** Every module of `@celeriac/redis`, by its name. */
export * as RedisBackend from "./RedisBackend.ts"
export * as RedisConfig from "./RedisConfig.ts"
export * as RedisServer from "./RedisServer.ts"
