/** Node's streams, typed by what they carry. */
import type { Duplex, Readable } from 'node:stream'

/** A piece of what a stream of lines is given: bytes, or text. */
export type Chunk = Uint8Array | string

/**
 * A stream that gives records, one at a time.
 *
 * @example for await (const entry of readMapFiles({ pids: [1] })) console.log(entry.link)
 */
export interface RecordReadable<Out> extends Readable {
  /** As in Node. A stream that does not take these records does not compile. */
  pipe<To extends NodeJS.WritableStream>(to: To & Takes<Out>, options?: { end?: boolean }): To
  on: Listen<Out, this>
  once: Listen<Out, this>
  toArray(options?: { signal?: AbortSignal }): Promise<Out[]>
  [Symbol.asyncIterator](): RecordIterator<Out>
}

/**
 * A stream that takes bytes or records, and gives records.
 *
 * @example
 * const mounts: RecordStream<Chunk, Text<Mount>> = createReadStream('/proc/self/mountinfo').pipe(parseMounts())
 * for await (const { mount_point } of mounts) console.log(mount_point)
 */
export interface RecordStream<In, Out> extends Duplex, Takes<In> {
  /** As in Node. A stream that does not take these records does not compile. */
  pipe<To extends NodeJS.WritableStream>(to: To & Takes<Out>, options?: { end?: boolean }): To
  on: Listen<Out, this>
  once: Listen<Out, this>
  toArray(options?: { signal?: AbortSignal }): Promise<Out[]>
  [Symbol.asyncIterator](): RecordIterator<Out>
}

declare const takes: unique symbol

/** What a stream takes. It is known to the compiler alone; a stream that does not tell takes anything. */
interface Takes<In> {
  readonly [takes]?: (record: In) => void
}

/** Node's `on()` and `once()`. */
interface Listen<Out, Stream> {
  (event: 'data', listener: (record: Out) => void): Stream
  (event: 'error', listener: (error: Error) => void): Stream
  (event: 'pipe' | 'unpipe', listener: (from: Readable) => void): Stream
  (event: string | symbol, listener: (...values: never[]) => void): Stream
}

/** Node's iterator of a stream. */
interface RecordIterator<Out>
  extends Omit<NodeJS.AsyncIterator<Out>, keyof AsyncIterator<Out> | typeof Symbol.asyncIterator> {
  next(): Promise<IteratedRecord<Out>>
  return(): Promise<IteratedRecord<Out>>
  throw(error: unknown): Promise<IteratedRecord<Out>>
  [Symbol.asyncIterator](): RecordIterator<Out>
}

/**
 * A record, or the end. To the types of `pipeline()` a stream gives strings and Buffers alone, but anything at its end: so the
 * compiler takes any record for what may be the end.
 */
interface IteratedRecord<Out> {
  // biome-ignore lint/suspicious/noExplicitAny: a boolean, which would tell the two apart.
  done: any
  value: Out
}
