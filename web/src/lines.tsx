// The list at the side of a page: its tools, exchanges or models, to find one in and to open it.
import { useRef, useState } from "preact/hooks";
import { closeSide, Find, useRoom } from "./room";
import type { Tell } from "./telling";

interface Line { id: string; title: string; about?: string }
export interface LinesData { words: Record<string, string>; heard: number; name: string; find: string; lines: Line[]; current: string; goes: string }

export function Lines({ data, tell }: { data: LinesData; tell: Tell }) {
  const { words } = data;
  const place = useRef<HTMLElement>(null);
  const [typed, setTyped] = useState("");
  const [picked, setPicked] = useState({ id: "", n: 0 });
  useRoom(place);
  const current = picked.n > data.heard ? picked.id : data.current;
  const wanted = typed.trim().toLowerCase().split(/\s+/);
  const shown = data.lines.filter((one) => {
    const about = `${one.title} ${one.about ?? ""}`.toLowerCase();
    return wanted.every((word) => about.includes(word));
  });
  const open = (id: string) => {
    if (data.goes) goTo(`${data.goes}${id}`);
    else setPicked({ id, n: tell({ kind: "pick", line: id }) });
    closeSide();
  };
  return (
    <nav ref={place} class="side" aria-label={data.name}>
      <div class="head">
        <Find place={place} name={data.find} title="Ctrl+K" typed={typed} type={setTyped} take={() => shown.length && open(shown[0].id)} />
      </div>
      <div class="lines">
        <ul>
          {shown.map((one) => (
            <li key={one.id} class={one.id === current ? "current" : ""}>
              <button type="button" class="hit" data-testid="side-line" aria-current={one.id === current ? "true" : undefined} title={one.title} onClick={() => open(one.id)}>
                <span class="line">{one.title}</span>
                {one.about && <span class="quiet">{one.about}</span>}
              </button>
            </li>
          ))}
          {!shown.length && <li class="quiet" role="status">{words["side.nothing"]}</li>}
        </ul>
      </div>
    </nav>
  );
}

/** Shows what a class of Streamlit's names (`st-key-…`, from the key of a container), with the cursor on its first control. */
function goTo(name: string): void {
  const found = document.querySelector<HTMLElement>(`.${CSS.escape(name)}`);
  found?.scrollIntoView({ block: "start", behavior: matchMedia("(prefers-reduced-motion:reduce)").matches ? "auto" : "smooth" });
  found?.querySelector<HTMLElement>("button:enabled")?.focus({ preventScroll: true });
}
