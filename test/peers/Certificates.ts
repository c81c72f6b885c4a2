/** Keys, and certificates that they sign for themselves, made for one test: DER by hand, for `node:crypto` writes none. */
import { generateKeyPairSync, type KeyObject, sign } from "node:crypto"

/** Who, and until when. */
export interface Wanted {
  /** Default `celeriac test`. */
  readonly name?: string
  /** Default 1. */
  readonly serial?: number
  /** Default: a day ago. */
  readonly from?: Date
  /** Default: in a day. */
  readonly until?: Date
  /** Default `rsa`. */
  readonly type?: "rsa" | "ec"
  /** Of the file of the key. */
  readonly password?: string
  /** Default 2048. */
  readonly bits?: number
}

export interface Identity {
  /** PEM. */
  readonly key: string
  /** PEM. */
  readonly certificate: string
}

const day = 86_400_000

export const make = (wanted: Wanted = {}): Identity => {
  const { name = "celeriac test", serial = 1, type = "rsa", bits = 2048, password } = wanted
  const { privateKey, publicKey } = type === "rsa"
    ? generateKeyPairSync("rsa", { modulusLength: bits })
    : generateKeyPairSync("ec", { namedCurve: "P-256" })
  const der = certificate(
    name,
    serial,
    wanted.from ?? new Date(Date.now() - day),
    wanted.until ?? new Date(Date.now() + day),
    {
      type,
      privateKey,
      publicKey
    }
  )
  return {
    key: privateKey.export({
      format: "pem",
      type: "pkcs8",
      ...(password === undefined ? {} : { cipher: "aes-256-cbc", passphrase: password })
    }).toString(),
    certificate: `-----BEGIN CERTIFICATE-----\n${
      der.toString("base64").match(/.{1,64}/g)!.join("\n")
    }\n-----END CERTIFICATE-----\n`
  }
}

interface Keys {
  readonly type: "rsa" | "ec"
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
}

const certificate = (name: string, serial: number, from: Date, until: Date, keys: Keys): Buffer => {
  const algorithm = keys.type === "rsa"
    ? sequence(oid("2a864886f70d01010b"), Buffer.from([5, 0]))
    : sequence(oid("2a8648ce3d040302"))
  const issuer = sequence(element(0x31, sequence(oid("550403"), element(0x0c, Buffer.from(name)))))
  const toBeSigned = sequence(
    element(0xa0, integer(2)),
    integer(serial),
    algorithm,
    issuer,
    sequence(time(from), time(until)),
    issuer,
    keys.publicKey.export({ format: "der", type: "spki" })
  )
  const signature = sign("sha256", toBeSigned, keys.privateKey)
  return sequence(toBeSigned, algorithm, element(3, Buffer.concat([Buffer.from([0]), signature])))
}

const element = (tag: number, content: Buffer): Buffer => {
  const { length } = content
  const size = length < 0x80
    ? Buffer.from([length])
    : length < 0x100
    ? Buffer.from([0x81, length])
    : Buffer.from([0x82, length >> 8, length & 0xff])
  return Buffer.concat([Buffer.from([tag]), size, content])
}

const sequence = (...parts: ReadonlyArray<Buffer>): Buffer => element(0x30, Buffer.concat(parts))

const oid = (hex: string): Buffer => element(6, Buffer.from(hex, "hex"))

const integer = (value: number): Buffer => {
  const hex = value.toString(16)
  const bytes = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, "hex")
  return element(2, bytes[0]! > 127 ? Buffer.concat([Buffer.from([0]), bytes]) : bytes)
}

/** GeneralizedTime. */
const time = (date: Date): Buffer =>
  element(0x18, Buffer.from(`${date.toISOString().replace(/[-:T]/g, "").slice(0, 14)}Z`))
