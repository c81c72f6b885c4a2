/** Starts the worker anew when its program changes. */
export {} from "./internal/RequiredNode.ts"

export * from "@celeriac/worker/boot/Autoreloader"
