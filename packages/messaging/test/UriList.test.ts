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
      ["amqp://a;b", ["amqp://a;b"]],
      ["amqp://u:@;;x://@h", ["amqp://u:@;;x://@h"]],
      ["amqp://u:p/;x://y@h", ["amqp://u:p/;x://y@h"]],
      ["amqp://u:12345/;x://y@h", ["amqp://u:12345/;x://y@h"]],
      ["amqp://u:p/;amqp://y@h", ["amqp://u:p/;amqp://y@h"]],
      ["amqp://u:12/;amqp://y@h", ["amqp://u:12/;amqp://y@h"]],
      ["amqp://u:12?q;amqp://y@h", ["amqp://u:12?q;amqp://y@h"]],
      ["amqp://127.0.0.1:1//;amqp://u:p@b:2//", ["amqp://127.0.0.1:1//", "amqp://u:p@b:2//"]],
      ["amqp://localhost:1/v;amqp://u:p@b", ["amqp://localhost:1/v", "amqp://u:p@b"]],
      ["amqp://a:12;amqp://b:13/v", ["amqp://a:12", "amqp://b:13/v"]],
      ["pyamqp://u:p@a:1;amqps://[::1]:2/v;amqp://c", ["pyamqp://u:p@a:1", "amqps://[::1]:2/v", "amqp://c"]],
      ["amqp://u:p@a;", ["amqp://u:p@a"]],
      ["redis://a/0;rediss://b/0", ["redis://a/0", "rediss://b/0"]]
    ] as const
  ) {
    it(`splits '${text}' where an address ends and another begins`, () =>
      assert.deepStrictEqual(UriList.split(text), uris))
  }
})
