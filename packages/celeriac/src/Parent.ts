/** What a step knows of the blueprint it belongs to. */
export * from "@celeriac/bootsteps/Parent"
