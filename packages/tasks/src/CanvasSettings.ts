/**
 * Settings of canvases: how large one may be, and where errbacks of chords go.
 *
 * @since 0.1.0
 */
import type { Reference } from "./Setting.ts"
import * as Setting from "./Setting.ts"
import * as SettingKind from "./SettingKind.ts"

/**
 * How large a message of a canvas may be, in bytes of its body. A message holds
 * all that follows it: a canvas with a larger one is refused, before anything of it is sent.
 */
export const MaxCanvasMessageSize: Reference<number> = Setting.reference(
  "@celeriac/tasks/CanvasSettings/MaxCanvasMessageSize",
  SettingKind.integer({ from: 1, expected: "a whole number of bytes" }),
  {
    default: () => 1_000_000,
    readBy: "client",
    doc:
      "How large a message of a canvas may be, in bytes: it holds all that follows it. One that is larger is refused, before anything of the canvas is sent."
  }
)

/** Whether what is linked to a chord for its failure is linked to each task of its header too. Celery's `task_allow_error_cb_on_chord_header`. */
export const AllowErrorCbOnChordHeader: Reference<boolean> = Setting.reference(
  "@celeriac/tasks/CanvasSettings/AllowErrorCbOnChordHeader",
  SettingKind.flag,
  {
    celery: "task_allow_error_cb_on_chord_header",
    default: () => false,
    readBy: "client",
    doc: "Whether what is linked to a chord for its failure is linked to each task of its header too."
  }
)
