// Turns what a runtime throws into a PlatformFault: a kind that the core decides by and a message
// that a person can act on, "cannot open /data/x: no such file or directory (ENOENT)".
//
// The errno code decides. Deno, Bun and Node all set `code` on failed system calls; a few errors
// carry only a class name (Deno's BadResource, a resolver's failure), which the second table knows.

import {
  messageOf,
  PlatformFault,
  type PlatformFaultKind,
  type PlatformFaultSubject,
} from "../base/faults.ts";

const byCode: Readonly<Record<string, readonly [PlatformFaultKind, string]>> = {
  ENOENT: ["NotFound", "no such file or directory"],
  ENOTDIR: ["NotFound", "a part of the path is not a folder"],
  ENOTFOUND: ["NotFound", "no such host"],
  EAI_AGAIN: ["NotFound", "the host name cannot be resolved now"],
  EAI_NONAME: ["NotFound", "no such host"],
  EEXIST: ["AlreadyExists", "a file of that name exists already"],
  ENOTEMPTY: ["AlreadyExists", "a folder that is not empty is in the way"],
  ENOSPC: ["NoSpace", "no space left on the device"],
  EDQUOT: ["NoSpace", "the disk quota is used up"],
  EFBIG: ["NoSpace", "the file would be larger than the file system allows"],
  EADDRINUSE: ["AddressInUse", "the address is in use"],
  ECONNREFUSED: ["Refused", "nobody listens there"],
  EACCES: ["Denied", "permission denied"],
  EPERM: ["Denied", "the operation is not permitted"],
  EROFS: ["ReadOnly", "the file system is read-only"],
  EPIPE: ["Closed", "the other side is gone"],
  ECONNRESET: ["Closed", "the other side reset the connection"],
  ECONNABORTED: ["Closed", "the connection was aborted"],
  ENOTCONN: ["Closed", "not connected"],
  EBADF: ["Closed", "it is closed"],
  ERR_STREAM_DESTROYED: ["Closed", "it is closed"],
  EISDIR: ["Io", "it is a folder"],
  EIO: ["Io", "input/output error"],
  EMFILE: ["TooManyFiles", "this process has too many open files; raise its limit (ulimit -n)"],
  ENFILE: ["TooManyFiles", "the system has too many open files"],
  EADDRNOTAVAIL: ["Io", "this machine does not have that address"],
  EHOSTUNREACH: ["Io", "the host cannot be reached"],
  ENETUNREACH: ["Io", "the network cannot be reached"],
  ETIMEDOUT: ["Io", "timed out"],
};

const byName: Readonly<Record<string, string>> = {
  NotFound: "ENOENT",
  AlreadyExists: "EEXIST",
  AddrInUse: "EADDRINUSE",
  ConnectionRefused: "ECONNREFUSED",
  ConnectionReset: "ECONNRESET",
  ConnectionAborted: "ECONNABORTED",
  BrokenPipe: "EPIPE",
  NotConnected: "ENOTCONN",
  BadResource: "EBADF",
  Interrupted: "EBADF",
};

/** The errno code of a platform's error, or undefined when it carries none. */
export function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const code = (error as { code?: unknown }).code;
  if (typeof code === "string") return code;
  if (/failed to lookup address|Name or service not known/.test(error.message)) return "ENOTFOUND";
  return byName[error.name];
}

/** The fault of `attempt` ("open /data/x") having failed with `error`; faults pass unchanged. */
export function platformFault(
  attempt: string,
  error: unknown,
  options: { readonly about?: PlatformFaultSubject } = {},
): PlatformFault {
  if (error instanceof PlatformFault) return error;
  const code = codeOf(error);
  const known = code === undefined ? undefined : byCode[code];
  const kind = known?.[0] ??
    (error instanceof Error && error.name === "NotCapable" ? "Denied" : "Io");
  const reason = known === undefined ? messageOf(error) : `${known[1]} (${code})`;
  return new PlatformFault(kind, `cannot ${attempt}: ${reason}`, { ...options, cause: error });
}

/** Codes that say that a certificate is not believed, or is another name's. */
const distrust = /CERT|ISSUER|SIGNATURE|CRL|CHAIN|ALTNAME/;

/** The same of a connection behind TLS: Denied where the peer's certificate is refused. */
export function secureFault(attempt: string, error: unknown): PlatformFault {
  const code = codeOf(error) ?? "";
  if (!distrust.test(code)) return platformFault(attempt, error);
  // Deno says so of one that is out of its time, too.
  const orElse = code === "UNABLE_TO_VERIFY_LEAF_SIGNATURE" ? ", or it has expired" : "";
  const message = `cannot ${attempt}: its certificate is refused: ${messageOf(error)}${orElse}`;
  return new PlatformFault("Denied", message, { about: "tls", cause: error });
}

/** Runs `call`, turning what it throws into the fault of `attempt`. */
export function attempting<T>(attempt: string, subject: string, call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw platformFault(`${attempt} ${subject}`, error);
  }
}
