// The stream of an answer that is being written, in both dialects, row for row as it comes.
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { type Known, useApi } from "./api";
import { events } from "./stream";
import type { Tell } from "./telling";

export interface LiveData extends Known { words: Record<string, string>; heard: number; message: string; names: Record<string, string> }
interface Row { number: number; at: number; text: string }
interface Shown { number: number; sides: string[]; rows: [Row[], Row[]] }

const KEPT = 300; // rows of a side: those before are in the whole view, once the answer has ended
const NEAR = 24; // pixels from the end within which the newest row is followed

export function Live({ data, tell }: { data: LiveData; tell: Tell }) {
  const [shown, setShown] = useState<Shown>({ number: 0, sides: [], rows: [[], []] });
  const api = useApi(data, tell);
  useEffect(() => {
    const stream = new AbortController();
    let now: Shown = { number: 0, sides: [], rows: [[], []] };
    const follow = async () => {
      const answer = await api.request(`messages/${data.message}/wire`, { signal: stream.signal });
      if (!answer.ok) return;
      for await (const { event, data: told } of events(answer)) {
        if (event === "begin") now = { ...(told as Shown), rows: [[], []] };
        else if (event === "rows") {
          const { side, rows } = told as { side: 0 | 1; rows: Row[] };
          const both: [Row[], Row[]] = [...now.rows];
          both[side] = [...both[side], ...rows].slice(-KEPT);
          now = { ...now, rows: both };
        } else if (event === "end") tell({ kind: "wire_over" });
        setShown(now);
      }
    };
    // A connection that breaks leaves what has come; the whole is there at the end.
    void follow().catch(() => undefined);
    return () => stream.abort();
  }, [data.message]);
  return (
    <section class="live" aria-label={data.words["chat.wire_live"]} data-testid="wire-live">
      <p class="quiet" role="status"><span class="dot" /> {data.words["chat.wire_live"]}</p>
      <div class="sides">
        {shown.sides.map((dialect, side) => <Side key={`${shown.number}${dialect}`} name={data.names[dialect] ?? dialect} rows={shown.rows[side]} />)}
      </div>
    </section>
  );
}

function Side({ name, rows }: { name: string; rows: Row[] }) {
  const list = useRef<HTMLOListElement>(null);
  const stick = useRef(true);
  useLayoutEffect(() => {
    if (stick.current) list.current!.scrollTop = list.current!.scrollHeight;
  }, [rows]);
  const look = () => {
    const box = list.current!;
    stick.current = box.scrollHeight - box.scrollTop - box.clientHeight < NEAR;
  };
  return (
    <div>
      <p><strong>{name}</strong> <span class="quiet">{rows.at(-1)?.number ?? 0}</span></p>
      <ol ref={list} onScroll={look} tabIndex={0} aria-label={name}>
        {rows.map((row) => (
          <li key={row.number}><span class="quiet">{row.number} · {row.at.toFixed(2)} s</span> <code>{row.text}</code></li>
        ))}
      </ol>
    </div>
  );
}
