/**
 * Who issued a certificate, and under which number: read from its DER.
 *
 * Node's own text of an issuer quotes, escapes and joins values; peers put the
 * bare values beside each other, in the order of the certificate, and that is
 * the name that a signature is looked up by. Of X.509 only the way to these two
 * fields is known here. What is no certificate throws a `RangeError`: Node has
 * parsed it before.
 *
 * @since 0.1.0
 */

/** Its fields. */
export interface Issuer {
  /** The values of the issuer's attributes, in order. */
  readonly values: ReadonlyArray<string>
  readonly serialNumber: bigint
}

export const read = (der: Uint8Array): Issuer => {
  const certificate = next(der, 0)
  const toBeSigned = next(certificate.content, 0)
  let field = next(toBeSigned.content, 0)
  // The version, which the oldest certificates have not.
  if (field.tag === 0xa0) field = next(toBeSigned.content, field.end)
  const serialNumber = integer(field.content)
  const algorithm = next(toBeSigned.content, field.end)
  const issuer = next(toBeSigned.content, algorithm.end)
  return {
    serialNumber,
    values: all(issuer.content).flatMap((set) =>
      all(set.content).map((attribute) => {
        const value = all(attribute.content)[1]
        if (value === undefined) throw new RangeError("an attribute of the issuer has no value")
        return textOf(value)
      })
    )
  }
}

interface Element {
  readonly tag: number
  readonly content: Uint8Array
  /** Where the next one begins. */
  readonly end: number
}

const next = (bytes: Uint8Array, at: number): Element => {
  const tag = bytes[at]
  const short = bytes[at + 1]
  if (tag === undefined || short === undefined) throw new RangeError("the certificate ends too early")
  const count = short < 0x80 ? 0 : short & 0x7f
  if (count > 4) throw new RangeError("an element of the certificate is too long")
  let length = count === 0 ? short : 0
  for (let index = 0; index < count; index++) length = length * 256 + (bytes[at + 2 + index] ?? 0)
  const start = at + 2 + count
  if (start + length > bytes.length) throw new RangeError("the certificate ends too early")
  return { tag, content: bytes.subarray(start, start + length), end: start + length }
}

const all = (bytes: Uint8Array): ReadonlyArray<Element> => {
  const elements: Array<Element> = []
  for (let at = 0; at < bytes.length;) {
    const element = next(bytes, at)
    elements.push(element)
    at = element.end
  }
  return elements
}

/** In two's complement. */
const integer = (bytes: Uint8Array): bigint =>
  bytes.length === 0 ? 0n : BigInt.asIntN(bytes.length * 8, BigInt(`0x${Buffer.from(bytes).toString("hex")}`))

const textOf = ({ content, tag }: Element): string => {
  const bytes = Buffer.from(content)
  switch (tag) {
    case 0x14: // TeletexString, which is written as Latin-1
      return bytes.toString("latin1")
    case 0x1e: // BMPString: two bytes a character, the high one first
      return Buffer.from(bytes).swap16().toString("utf16le")
    case 0x1c: // UniversalString: four bytes a character
      return Array.from(
        { length: bytes.length / 4 },
        (_, index) => String.fromCodePoint(bytes.readUInt32BE(index * 4))
      ).join("")
    default:
      return bytes.toString("utf8")
  }
}
