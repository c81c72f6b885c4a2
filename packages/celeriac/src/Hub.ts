/** The step that watches over background fibers and sources, to require. */
export {} from "./internal/RequiredNode.ts"

export * from "@celeriac/worker/boot/Hub"
