import { assert, describe, it } from "@effect/vitest"
import * as UriList from "../src/UriList.ts"

describe("UriList", () => {
  for (
    const [text, uris] of [
      ["", []],
      [" ; ", []],
      ["memory", ["memory"]],
      ["amqp://a", ["amqp://a"]],
      ["amqp://a;amqp://b", ["amqp://a", "amqp://b"]],
      [" amqp://a/v ; amqps://u:p@b?x=1;; ", ["amqp://a/v", "amqps://u:p@b?x=1"]],
      ["amqp://u:p;q@a;amqp://u:r;s@b/v", ["amqp://u:p;q@a", "amqp://u:r;s@b/v"]],
      ["amqp://u:p@s;s@a;amqp://b", ["amqp://u:p@s;s@a", "amqp://b"]],
      ["amqp://u:p/q;r@a", ["amqp://u:p/q;r@a"]],
      ["amqp://a;b", ["amqp://a;b"]]
    ] as const
  ) {
    it(`splits '${text}' where an address ends and another begins`, () =>
      assert.deepStrictEqual(UriList.split(text), uris))
  }
})
