import { assert, describe, it } from "@effect/vitest"
import * as BigDecimal from "effect/BigDecimal"
import * as DateTime from "effect/DateTime"
import * as PythonValue from "../src/PythonValue.ts"

const datetimes: ReadonlyArray<readonly [string, number]> = [
  ["2024-01-02T03:04:05.000678+00:00", Date.UTC(2024, 0, 2, 3, 4, 5, 0)],
  ["2024-01-02T03:04:05.123456", Date.UTC(2024, 0, 2, 3, 4, 5, 123)],
  ["2024-01-02T03:04:05", Date.UTC(2024, 0, 2, 3, 4, 5)],
  ["2024-01-02T03:04:05+02:00", Date.UTC(2024, 0, 2, 1, 4, 5)],
  ["2024-01-02T03:04:05-05:30", Date.UTC(2024, 0, 2, 8, 34, 5)],
  ["2024-01-02T03:04:05Z", Date.UTC(2024, 0, 2, 3, 4, 5)],
  ["2024-01-02 03:04:05", Date.UTC(2024, 0, 2, 3, 4, 5)],
  ["2024-01-02T03:04", Date.UTC(2024, 0, 2, 3, 4)],
  ["2024-01-02", Date.UTC(2024, 0, 2)],
  ["1900-01-01T00:00:00+00:53:28", Date.UTC(1900, 0, 1) - 3_208_000],
  ["0001-01-01T00:00:00+00:00", -62_135_596_800_000],
  ["9999-12-31T23:59:59.999999+00:00", Date.UTC(9999, 11, 31, 23, 59, 59, 999)]
]

describe("PythonValue", () => {
  it("reads a datetime to the millisecond, and gives back its text to the letter", () => {
    for (const [text, millis] of datetimes) {
      const value = PythonValue.parseDateTime(text)!
      assert.strictEqual(value.epochMilliseconds, millis, text)
      assert.strictEqual(PythonValue.isoformat(value), text)
    }
  })

  it("keeps the offset of an aware datetime", () => {
    const value = PythonValue.parseDateTime("2024-01-02T03:04:05+02:00")!
    assert.isTrue(DateTime.isZoned(value) && DateTime.zonedOffset(value) === 7_200_000)
  })

  it("gives a computed datetime its own text", () => {
    const value = PythonValue.parseDateTime("2024-01-02T03:04:05.000678")!
    assert.strictEqual(PythonValue.isoformat(DateTime.add(value, { seconds: 1 })), "2024-01-02T03:04:06+00:00")
  })

  it("refuses what is in no calendar", () => {
    for (
      const text of [
        "",
        "2024",
        "2024-13-01",
        "2024-02-30",
        "0000-01-01",
        "2024-01-02T24:00:00",
        "2024-01-02T03:04:05+24:00",
        "2024-01-02X03:04:05",
        "2024-01-02T",
        "2024-01-02T03:04:05 ",
        "+275760-09-13T00:00:00Z"
      ]
    ) assert.isUndefined(PythonValue.parseDateTime(text), text)
  })

  it("reads and writes decimals as str(Decimal) does", () => {
    for (
      const text of [
        "0",
        "1",
        "-1",
        "1.5",
        "1.50",
        "0.001",
        "-0.000001",
        "1E-7",
        "1.23E-8",
        "1E+5",
        "1.5E+4000",
        "0E-10",
        "12345678901234567890.123"
      ]
    ) {
      const value = PythonValue.parseDecimal(text)
      assert.isTrue(BigDecimal.isBigDecimal(value) && PythonValue.formatDecimal(value) === text, text)
    }
    assert.deepStrictEqual(PythonValue.parseDecimal("NaN"), NaN)
    assert.strictEqual(PythonValue.parseDecimal("-Infinity"), -Infinity)
    for (const text of ["", ".", "1_0", "0x1", "1e", "e5", "--1", "1E+4301", "1E-999999999"]) {
      assert.isUndefined(PythonValue.parseDecimal(text), text)
    }
  })

  it("reads a UUID in every form that Python reads", () => {
    const uuid = new PythonValue.Uuid({ hex: "12345678123456781234567812345678" })
    for (
      const text of [
        "12345678-1234-5678-1234-567812345678",
        "{12345678-1234-5678-1234-567812345678}",
        "urn:uuid:12345678-1234-5678-1234-567812345678",
        "12345678123456781234567812345678"
      ]
    ) assert.deepStrictEqual(PythonValue.parseUuid(text), uuid)
    for (const text of ["", "{}", "12", "g2345678123456781234567812345678", "{".repeat(1_000_000) + "x"]) {
      assert.isUndefined(PythonValue.parseUuid(text))
    }
    assert.strictEqual(String(uuid), "12345678-1234-5678-1234-567812345678")
  })
})
