// Server-sent events over fetch: EventSource can neither POST nor send a header.

export interface ServerEvent { event: string; data: unknown }

export async function* events(response: Response): AsyncGenerator<ServerEvent> {
  if (!response.body) return;
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let left = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    left += value;
    for (let end = left.indexOf("\n\n"); end >= 0; end = left.indexOf("\n\n")) {
      const found = read(left.slice(0, end));
      left = left.slice(end + 2);
      if (found) yield found;
    }
  }
}

function read(block: string): ServerEvent | null {
  let event = "message";
  let data = "";
  for (const line of block.split("\n")) {
    if (line.startsWith("event: ")) event = line.slice(7);
    else if (line.startsWith("data: ")) data += line.slice(6);
  }
  return data ? { event, data: JSON.parse(data) } : null;
}
