/** One server-sent event. */
export interface StreamEvent {
  readonly event: string;
  readonly data: string;
  readonly id: string;
}

/** An envelope of 34 MiB in base64, and some air. */
const LIMIT = 48 * 1024 * 1024;

/**
 * A parser of `text/event-stream`, fed with bytes as they come; it gives the events that are complete.
 * Throws where one event is larger than `limit` characters: a client never collects without bound.
 */
export function eventParser(limit: number = LIMIT): (bytes: Uint8Array) => StreamEvent[] {
  const decoder = new TextDecoder();
  // Unfinished line, in pieces: a large event comes in many chunks, and joining them each time would be quadratic.
  let pieces: string[] = [];
  let pending = 0;
  let lastWasReturn = false;
  let event = "";
  let data: string[] = [];
  let size = 0;
  let id = "";

  const line = (text: string, complete: StreamEvent[]): void => {
    if (text === "") {
      if (data.length > 0) complete.push({ event: event || "message", data: data.join("\n"), id });
      event = "";
      data = [];
      size = 0;
      return;
    }
    if (text.startsWith(":")) return;
    const colon = text.indexOf(":");
    const field = colon < 0 ? text : text.slice(0, colon);
    const value = colon < 0 ? "" : text.slice(text[colon + 1] === " " ? colon + 2 : colon + 1);
    if (field === "event") event = value;
    else if (field === "id" && !value.includes("\0")) id = value;
    else if (field === "data") {
      data.push(value);
      size += value.length + 1;
    }
  };

  return (bytes) => {
    const complete: StreamEvent[] = [];
    let text = decoder.decode(bytes, { stream: true });
    if (text === "") return complete;
    // A CR LF parted by the edge of a chunk is one end of line.
    const parted = lastWasReturn && text.startsWith("\n");
    lastWasReturn = text.endsWith("\r");
    if (parted) text = text.slice(1);
    let from = 0;
    const end = /\r\n|\n|\r/g;
    for (let match = end.exec(text); match; match = end.exec(text)) {
      pieces.push(text.slice(from, match.index));
      from = end.lastIndex;
      line(pieces.join(""), complete);
      pieces = [];
      pending = 0;
      if (size > limit) throw new Error(`an event of more than ${limit} characters`);
    }
    pieces.push(text.slice(from));
    pending += text.length - from;
    if (size + pending > limit) throw new Error(`an event of more than ${limit} characters`);
    return complete;
  };
}
