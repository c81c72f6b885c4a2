/**
 * Signed messages: Celery's `setup_security`, by settings of its names.
 *
 * ```ts
 * const settings = Settings.fromCelery({
 *   task_serializer: "auth",
 *   accept_content: ["auth"],
 *   security_key: "/etc/ssl/private/worker.key",
 *   security_certificate: "/etc/ssl/certs/worker.pem",
 *   security_cert_store: "/etc/ssl/certs/*.pem"
 * })
 * ```
 *
 * `layer` adds the serializer `auth` to those there are, and seals what is sent
 * (`Seal`). `Broker.layer` brings it where the settings name `auth`; who puts a
 * broker together by hand gives it to all of it. Keys and certificates are read
 * once, and nothing of them is in an error. Source: protocol section 12.
 *
 * @since 0.1.0
 */
import type { MessagingError } from "@celeriac/messaging/MessagingError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as EventSettings from "./event/EventSettings.ts"
import * as Settings from "./Settings.ts"

/** What Celery calls it. */
const auth = "auth"

/** Whether the settings in effect sign anything, or accept what is signed. */
const isWanted: Effect.Effect<boolean> = Effect.gen(function*() {
  return [
    yield* Settings.Serializer,
    yield* Settings.ResultSerializer,
    yield* EventSettings.EventSerializer,
    ...yield* Settings.AcceptContent,
    ...yield* Settings.ResultAcceptContent
  ].includes(auth)
})

/** Loaded where it is wanted. */
const make: Effect.Effect<Context.Context<never>, MessagingError> = Effect.flatMap(
  Effect.promise(() => import("./internal/SignedContent.ts")),
  (content) => content.make
)

/** By the settings in effect. Fails with `InvalidConfiguration`, which says what is wrong with which file. */
export const layer: Layer.Layer<never, MessagingError> = Layer.effectContext(make)

/** `layer` where the settings name `auth`; nothing where they do not. */
export const layerWanted: Layer.Layer<never, MessagingError> = Layer.effectContext(
  Effect.flatMap(isWanted, (isWanted) => isWanted ? make : Effect.succeed(Context.empty()))
)
