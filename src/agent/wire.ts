// The protocol between a client and the agent in a dom0 (share/agent/agent.c): hypercalls and
// commands, many at once, over one byte stream (a virtio-serial port of a lab, standard input and
// output of a process over ssh). Little-endian.
//
//   frame:  u32 length of all that follows the length (5 … FRAME_LENGTH_MAX)
//           u32 channel     chosen by the client, 0 for HELLO; one request or one process each
//           u8  type        FrameType below
//           payload
//
//   HELLO      client: u64 nonce. The agent ends every process, forgets every channel and answers
//              HELLO with the same nonce and u32 protocol version. A client throws away all
//              that arrives before that answer: left-overs of the client before it.
//   HYPERCALL  u64 op; u64 args[5]; u8 mask of args that are arena offsets; u32 output length;
//              u32 number of pointers; {u32 at, u32 target}…; arena bytes to the end of the frame
//              -> RESULT  i64 result (negative: -errno); output bytes
//   EXEC       u32 argc; argc NUL-terminated strings (argv, looked up in PATH); starts a process
//              -> STDOUT, STDERR (bytes; empty = closed) … and at the end EXIT i32 exit status
//              (128 + signal for a signal; 127 when it could not be started), nothing after it
//   STDIN      bytes for the process; empty = end of file
//   KILL       i32 signal to the process group
//   ERROR      agent: UTF-8 text; the request on this channel could not be understood

export const PROTOCOL_VERSION = 1;

/** A 2 MiB payload, its name and the arena's other parts fit with room to spare. */
export const FRAME_LENGTH_MAX = 4 * 1024 * 1024;

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
} as const;

export type FrameType = (typeof FrameType)[keyof typeof FrameType];

export interface Frame {
  readonly channel: number;
  readonly type: number;
  readonly payload: Uint8Array;
}
