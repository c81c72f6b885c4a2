/** The step that runs calls when they are due, to require. */
export {} from "./internal/RequiredNode.ts"

export * from "@celeriac/worker/boot/Timer"
