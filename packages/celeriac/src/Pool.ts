/** The step that runs tasks, to require. */
export {} from "./internal/RequiredNode.ts"

export * from "@celeriac/worker/boot/Pool"
