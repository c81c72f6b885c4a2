/** Where a child begins. */

/** The file that threads and processes begin with: beside this one, in the same language. */
export const url: string = new URL(
  `./child/main${import.meta.url.endsWith(".ts") ? ".ts" : ".js"}`,
  import.meta.url
).href

/** The argument that children are started with. */
export const mark = "--celeriac-child"
