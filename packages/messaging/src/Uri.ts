/**
 * The address of a server, taken apart: scheme, user, password, host, port,
 * path and query, as brokers and result backends have them.
 *
 * What looks like an address and may be half of a password is refused, and no
 * sentence about a mistake shows one. What a path and a query say is for whoever
 * knows the scheme.
 *
 * @since 0.1.0
 */
import * as Result from "effect/Result"
import { encoding, mask } from "./MaskedUri.ts"

/** One address, decoded. */
export interface Uri<out S> {
  /** What its scheme stands for. */
  readonly scheme: S
  /** Undefined for one that names nobody; `""` for `:password@host`. */
  readonly user: string | undefined
  /** Undefined for one that names nobody; `""` for `user@host`. */
  readonly password: string | undefined
  /** Without the brackets of an IPv6 address; `""` for none. */
  readonly host: string
  /** 1 to 65535. */
  readonly port: number | undefined
  /** Behind the slash after the host. */
  readonly path: string
  /** As it is, without its `?`. */
  readonly query: string
}

/** What an address should be, in the words of its mistakes. */
export interface Expected<out S> {
  /** As in "is not a broker URL". */
  readonly what: string
  /** `amqp://user:password@host:port/vhost`. */
  readonly form: string
  /** As in "is not a scheme of AMQP". */
  readonly family: string
  /** By their names, in small letters. */
  readonly schemes: ReadonlyMap<string, S>
  /** Those that are told. */
  readonly schemesShown: string
  /** What the path is: `virtual host`. */
  readonly path: string
  /** Whether what is written with `%` in user and password is so in the path too. */
  readonly encodesPath?: boolean | undefined
}

/** Takes one address apart. What is wrong with it is a sentence, which says what to mend and shows no password. */
export const parse = <S>(uri: string, expected: Expected<S>): Result.Result<Uri<S>, string> =>
  Result.gen(function*() {
    // A '@' behind the host tells of a password that was cut before.
    const match = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*)(\/[^?#@;]*)?(?:\?([^#@;]*))?$/i.exec(uri)
    if (match === null) {
      const likewise = expected.encodesPath === true ? `, and likewise in the ${expected.path}` : ""
      return yield* Result.fail(
        `'${mask(uri)}' is not a ${expected.what}: expected ${expected.form}. ${encoding}${likewise}`
      )
    }
    const [, name = "", authority = "", path = "", query = ""] = match
    const scheme = expected.schemes.get(name.toLowerCase())
    if (scheme === undefined) {
      return yield* Result.fail(
        `'${mask(uri)}': '${name}' is not a scheme of ${expected.family}: expected ${expected.schemesShown}`
      )
    }
    const at = authority.lastIndexOf("@")
    const userinfo = at < 0 ? undefined : authority.slice(0, at)
    const colon = userinfo?.indexOf(":") ?? -1
    const place = /^(\[[0-9a-f:.%]+\]|[^:;\s[\]]*)(?::(\d{0,5}))?$/i.exec(authority.slice(at + 1))
    const port = place?.[2] === undefined || place[2] === "" ? undefined : Number(place[2])
    if (place === null || port === 0 || (port ?? 0) > 65535) {
      return yield* Result.fail(
        `'${
          mask(uri)
        }': the host or port is malformed: expected host:port, with an IPv6 address in brackets. ${encoding}`
      )
    }
    const decode = (text: string, what: string): Result.Result<string, string> =>
      Result.try({
        try: () => decodeURIComponent(text),
        catch: () => `'${mask(uri)}': the ${what} is not well percent-encoded: write '%' as '%25'`
      })
    return {
      scheme,
      user: userinfo === undefined
        ? undefined
        : yield* decode(colon < 0 ? userinfo : userinfo.slice(0, colon), "user name"),
      password: userinfo === undefined
        ? undefined
        : yield* decode(colon < 0 ? "" : userinfo.slice(colon + 1), "password"),
      host: (yield* decode(place[1] ?? "", "host")).replace(/^\[|\]$/g, ""),
      port,
      path: yield* decode(path.slice(1), expected.path),
      query
    }
  })

/** Host and port as an address has them. */
export const showPlace = (host: string, port: number): string => `${host.includes(":") ? `[${host}]` : host}:${port}`
