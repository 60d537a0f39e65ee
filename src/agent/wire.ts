// The protocol between a client and the agent in a dom0 (share/agent/agent.c): hypercalls and
// commands, many at once, over one byte stream (a virtio-serial port of a lab, standard input and
// output of a process over ssh). Little-endian.
//
//   frame:  u32 length of all that follows the length (5 … FRAME_LENGTH_MAX)
//           u32 channel     chosen by the client, 0 for HELLO; one request or one process each
//           u8  type        FrameType below
//           payload
//
// A client begins with ESCAPE BEGIN, and sends every ESCAPE in its frames as ESCAPE ESCAPED: so a
// beginning occurs nowhere else. At a beginning the agent ends every process and forgets all that it
// was sent before, half a frame of a client that died in it perhaps. What the agent sends is not
// escaped: a client throws away all that arrives before the answer to its HELLO.
//
//   HELLO      client: u64 nonce, its first frame. The agent answers HELLO with the same nonce and
//              u32 protocol version.
//   HYPERCALL  u64 op; u64 args[5]; u8 mask of args that are arena offsets; u32 output length;
//              u32 number of pointers; {u32 at, u32 target}…; arena bytes to the end of the frame
//              -> RESULT  i64 result (negative: -errno); output bytes
//              -> ERROR   no hypercall could be made: no privcmd, an offset outside the arena
//   GUEST      u64 guest-physical address; u16 domain; u32 bytes to read, or 0 and the bytes to write,
//              up to GUEST_BYTES_MAX -> RESULT i64 0 or -errno; the bytes that were read
//   FILE_READ  an absolute path -> RESULT i64 0 or -errno; what is in the file, up to FILE_BYTES_MAX.
//              A pipe or a device is EINVAL
//   FILE_WRITE u32 length of the path; an absolute path; what is to be in the file -> RESULT i64 0 or -errno.
//              The old content or the new, whatever happens meanwhile; on the disk when it is answered. The
//              file can be read by root alone; so can the folder, which is made where there is none
//   AT_END     u32 key; what a HYPERCALL has, up to 4 KiB: made when the client is gone, however it went, or
//              another begins. Nothing behind the key: what was named under it is withdrawn -> RESULT i64 0
//   EXEC       u32 argc; argc NUL-terminated strings (argv, looked up in PATH); starts a process
//              -> STDOUT, STDERR (bytes; empty = closed) … and at the end EXIT i32 exit status
//              (128 + signal for a signal; 127 when it could not be started), nothing after it.
//              As with ssh, EXIT waits until nobody holds the process's two outputs open.
//   STDIN      bytes for the process; empty = end of file
//   KILL       i32 signal to the process group
//   CREDIT     u8 stream (STDIN, STDOUT or STDERR), u32 bytes: its receiver took so many bytes
//              and has room for as many more. Each stream of a process starts with a credit of
//              WINDOW_BYTES, so a reader that stops holds up its own stream and nothing else.
//   ERROR      agent: UTF-8 text; the request on this channel could not be served. On channel 0:
//              the length of a frame was impossible, and all is skipped until the next beginning.
//
// Frames for a process that has ended are no mistake: they crossed its EXIT on the way.
// A virtio-serial port tells the agent when clients come and go, but in no order with their bytes:
// the next client's HELLO can be there before the news that the last one went. So such news never
// part one client from the next; an agent without any client for a while ends what still runs.

export const PROTOCOL_VERSION = 4;

/** To the agent only. The byte is in no UTF-8 text and rare in code, so hardly anything grows. */
export const ESCAPE = 0xf5;
/** Behind ESCAPE: it is the byte itself. */
export const ESCAPED = 0;
/** Behind ESCAPE: a client begins. */
export const BEGIN = 1;

/** Bounds of the length field: a 2 MiB payload, its name and what else belongs to it fit well. */
export const FRAME_LENGTH_MIN = 5;
export const FRAME_LENGTH_MAX = 4 * 1024 * 1024;

/** What each stream of a process may carry before the receiver asks for more. */
export const WINDOW_BYTES = 256 * 1024;

/** What one GUEST frame reads or writes. */
export const GUEST_BYTES_MAX = 1024 * 1024;

/** What one FILE_READ answers. */
export const FILE_BYTES_MAX = 2 * 1024 * 1024;

/** Bytes of a frame before its payload: length, channel, type. */
export const FRAME_HEADER_SIZE = 9;

export const FrameType = {
  HELLO: 1,
  HYPERCALL: 2,
  RESULT: 3,
  EXEC: 4,
  STDIN: 5,
  STDOUT: 6,
  STDERR: 7,
  EXIT: 8,
  KILL: 9,
  ERROR: 10,
  CREDIT: 11,
  GUEST: 12,
  FILE_READ: 13,
  FILE_WRITE: 14,
  AT_END: 15,
} as const;

export type FrameType = (typeof FrameType)[keyof typeof FrameType];

export interface Frame {
  readonly channel: number;
  readonly type: number;
  readonly payload: Uint8Array;
}
