/** Variables by the `ConfigProvider` that a program provides. */
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"

/** Those of these names that it knows. */
export const read = (
  variables: ReadonlyArray<string>
): Effect.Effect<Readonly<Record<string, string>>, Config.ConfigError> =>
  Effect.gen(function*() {
    const said: Record<string, string> = {}
    for (const variable of variables) {
      const text = yield* Config.option(Config.String(variable))
      if (Option.isSome(text)) said[variable] = text.value
    }
    return said
  })
