/**
 * Settings of signed messages: Celery's `security_*`, which `Security.layer`
 * reads.
 *
 * @since 0.1.0
 */
import * as Digest from "@celeriac/messaging/security/Digest"
import type * as Duration from "effect/Duration"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type { Reference } from "./Setting.ts"
import * as Setting from "./Setting.ts"
import * as SettingKind from "./SettingKind.ts"

/** The file of the private key that signs, in PEM. Celery's `security_key`. */
export const SecurityKey: Reference<string | undefined, string> = Setting.reference(
  "@celeriac/tasks/SecuritySettings/SecurityKey",
  SettingKind.text,
  {
    celery: "security_key",
    default: () => undefined,
    defaultShown: "none",
    readBy: "broker",
    doc: "The file of the private RSA key that signs messages, in PEM."
  }
)

const isSecret = (value: unknown): value is string | Redacted.Redacted =>
  typeof (Redacted.isRedacted(value) ? Redacted.value(value) : value) === "string"

/** The password of that file. Celery's `security_key_password`. */
export const SecurityKeyPassword: Reference<
  string | Redacted.Redacted | undefined,
  string | Redacted.Redacted
> = Setting.reference(
  "@celeriac/tasks/SecuritySettings/SecurityKeyPassword",
  {
    isSecret: true,
    schema: () => Schema.declare(isSecret),
    expected: "a password",
    fromText: (text: string) => Redacted.make(text),
    // Celery takes bytes, too.
    fromCelery: (value: unknown) =>
      typeof value === "string" || value instanceof Uint8Array ? Redacted.make(Buffer.from(value).toString()) : value
  },
  {
    celery: "security_key_password",
    default: () => undefined,
    defaultShown: "none",
    readBy: "broker",
    doc: "The password of the file of the key."
  }
)

/** The file of the certificate of that key, in PEM. Celery's `security_certificate`. */
export const SecurityCertificate: Reference<string | undefined, string> = Setting.reference(
  "@celeriac/tasks/SecuritySettings/SecurityCertificate",
  SettingKind.text,
  {
    celery: "security_certificate",
    default: () => undefined,
    defaultShown: "none",
    readBy: "broker",
    doc: "The file of the certificate that belongs to the key, in PEM."
  }
)

/** The certificates of those whose messages are accepted: a folder, or a pattern of files. Celery's `security_cert_store`. */
export const SecurityCertStore: Reference<string | undefined, string> = Setting.reference(
  "@celeriac/tasks/SecuritySettings/SecurityCertStore",
  SettingKind.text,
  {
    celery: "security_cert_store",
    default: () => undefined,
    defaultShown: "none",
    readBy: "broker",
    doc:
      "The certificates of those whose messages are accepted, in PEM: a folder, or a pattern such as `/etc/ssl/certs/*.pem`."
  }
)

/** The digest of signatures. Celery's `security_digest`. */
export const SecurityDigest: Reference<string> = Setting.reference(
  "@celeriac/tasks/SecuritySettings/SecurityDigest",
  {
    ...SettingKind.oneOf(...Digest.names),
    fromCelery: (value) => typeof value === "string" ? value.toLowerCase() : value
  },
  {
    celery: "security_digest",
    default: () => "sha256",
    readBy: "broker",
    doc: "The digest of signatures."
  }
)

/**
 * What a signature has to cover: with `known`, whatever the one who signed it
 * covers, of Celeriac all of a message and of Python the body alone; with `all`,
 * all of it, so that messages of Python are refused.
 */
export const SecurityCovers: Reference<"known" | "all"> = Setting.reference(
  "@celeriac/tasks/SecuritySettings/SecurityCovers",
  SettingKind.oneOf("known", "all"),
  {
    default: () => "known",
    readBy: "broker",
    doc:
      "What a signature must cover: `all` of a message, as Celeriac signs it; or what is `known` of who signed it, which of Python's peers is the body alone."
  }
)

/** How long ago a message may have been signed, or been due. */
export const SecurityMaxAge: Reference<Duration.Input> = Setting.reference(
  "@celeriac/tasks/SecuritySettings/SecurityMaxAge",
  SettingKind.duration,
  {
    default: () => "7 days",
    readBy: "broker",
    doc: "How long ago a task may have been signed, or been due where it has an ETA; an older one is refused."
  }
)
