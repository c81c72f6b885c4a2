/**
 * Keeps results in Redis, where whoever knows the id of a task can read them,
 * in either language: Celery's `redis://`.
 *
 * A worker stores over one connection, and commands of one turn of the event
 * loop leave together; a client reads over one, and opens another, for all who
 * wait, when somebody does. Each is opened when it is first needed, and again
 * when it is lost. While it is away, storing fails with `BackendUnreachable`,
 * and the worker tries again; a refusal, as of a wrong password, is
 * `BackendRefused`, and says what to mend.
 *
 * ```ts
 * import * as RedisBackend from "@celeriac/redis/RedisBackend"
 *
 * const Results = RedisBackend.layer({ url: "redis://localhost:6379/0" })
 * ```
 *
 * Redis 5 and newer, with scripts. Source: protocol §7.3.
 *
 * @since 0.1.0
 */
import { Compressions } from "@celeriac/messaging/Compressions"
import { Limits } from "@celeriac/messaging/Limits"
import { Serializers } from "@celeriac/messaging/Serializers"
import * as BySettings from "@celeriac/tasks/BySettings"
import * as ResultBackend from "@celeriac/tasks/result/ResultBackend"
import type { ResultError } from "@celeriac/tasks/result/ResultError"
import * as ResultRecord from "@celeriac/tasks/result/ResultRecord"
import { ResultWriter } from "@celeriac/tasks/result/ResultWriter"
import * as ResultSettings from "@celeriac/tasks/ResultSettings"
import * as Settings from "@celeriac/tasks/Settings"
import * as Clock from "effect/Clock"
import type * as Config from "effect/Config"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ChordParts from "./internal/ChordParts.ts"
import * as GroupRecords from "./internal/GroupRecords.ts"
import * as Keys from "./internal/Keys.ts"
import * as Link from "./internal/Link.ts"
import * as MarkKeys from "./internal/MarkKeys.ts"
import * as Payload from "./internal/Payload.ts"
import * as RecordReader from "./internal/RecordReader.ts"
import * as RecordWriter from "./internal/RecordWriter.ts"
import * as RevokedIds from "./internal/RevokedIds.ts"
import * as RedisConfig from "./RedisConfig.ts"

/** At the Redis of these options; fails with `InvalidBackend` when they, or the settings of results, cannot be meant. Nothing is opened yet. */
export const layer = (
  options: RedisConfig.RedisOptions = {}
): Layer.Layer<ResultBackend.ResultBackend, ResultError> =>
  Layer.effectContext(Effect.suspend(() => Effect.flatMap(Effect.fromResult(RedisConfig.make(options)), make)))

/** The same, with options from a `ConfigProvider`. Loads Effect's Config when it is built: 5 MB that others need not carry. */
export const layerConfig = (
  options: Config.Wrap<RedisConfig.RedisOptions>
): Layer.Layer<ResultBackend.ResultBackend, ResultError | Config.ConfigError> =>
  Layer.effectContext(
    Effect.gen(function*() {
      const { unwrap } = yield* Effect.promise(() => import("effect/Config"))
      return yield* make(yield* Effect.fromResult(RedisConfig.make(yield* unwrap(options))))
    })
  )

const make = Effect.fnUntraced(function*(config: RedisConfig.RedisConfig) {
  const { uri } = config
  const keys = Keys.make(config.keyPrefix)
  const link = yield* Link.make({ name: "celeriac results", config })
  const limits = yield* Limits
  const clock = yield* Clock.Clock
  const tables = { serializers: yield* Serializers, compressions: yield* Compressions }
  const mostBytes = limits.bodyBytes + Payload.longestHeader

  /** By the settings in effect. */
  const coding = Effect.gen(function*() {
    const serializer = yield* Settings.ResultSerializer
    const compression = yield* Effect.fromResult(
      Payload.checkCompression(yield* ResultSettings.ResultCompression, tables.compressions)
    )
    const expires = yield* Settings.ResultExpires
    const written = { ...tables, serializer }
    const accept = yield* Settings.ResultAcceptContent
    return {
      expires: secondsOf(expires),
      failureExpires: secondsOf((yield* ResultSettings.ResultFailureExpires) ?? expires),
      encode: (value: unknown) => Payload.encode(value, uri, written),
      compress: (value: unknown) => Payload.encode(value, uri, { ...written, compression }),
      decoding: { ...tables, limits, serializer, accept }
    }
  })
  const { compress, decoding, encode, expires } = yield* coding

  const writer = yield* BySettings.make(
    Effect.map(coding, ({ compress, decoding, expires, failureExpires }) =>
      ResultWriter.of({
        uri,
        storeUnsafe: RecordWriter.make({
          link,
          keys,
          expires,
          failureExpires,
          mostBytes,
          decoding,
          encode: (record) => compress(ResultRecord.encode(record))
        }),
        open: link.opened("open results", config.connectTimeout),
        ...RevokedIds.make({ link, keys, clock, expires }),
        marks: MarkKeys.make(link, keys)
      }))
  )

  return ResultBackend.make(uri, {
    writer,
    reader: {
      prepare: (_id, deadline) => link.opened("prepare for result", deadline),
      replyTo: undefined,
      ...yield* RecordReader.make({ config, keys, link, decoding, mostBytes }),
      ...GroupRecords.make({ link, keys, expires, encode: compress, decoding, mostBytes })
    },
    chords: ChordParts.make({ link, keys, expires, encode, decoding })
  })
})

/** As `SETEX` has it; 0 for ever, which Celery writes so too. */
const secondsOf = (expires: Duration.Input): number => {
  const seconds = Math.ceil(Duration.toSeconds(expires))
  return Number.isFinite(seconds) ? Math.max(0, seconds) : 0
}
