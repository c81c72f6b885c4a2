/** The step that knows what runs, to require. */
export {} from "./internal/RequiredNode.ts"

export * from "@celeriac/worker/boot/Execution"
