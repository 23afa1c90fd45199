// The picker of the model: those that were used lately stand first, then those in memory.
import { useEffect, useRef, useState } from "preact/hooks";
import { Check, ChevronDown, MemoryStick } from "lucide";
import { type Known, useApi } from "./api";
import { Icon } from "./icons";
import type { Tell } from "./telling";

interface Offered { name: string; facts?: string; can?: string[]; loaded?: boolean }
export interface PickerData extends Known { words: Record<string, string>; heard: number; models: string[]; model: string; none: string }

const LATELY = "diglot.models";
const KEPT = 5;

export function Picker({ data, tell }: { data: PickerData; tell: Tell }) {
  const { words } = data;
  const [picked, setPicked] = useState({ name: "", n: 0 });
  const [open, setOpen] = useState(false);
  const [typed, setTyped] = useState("");
  const [active, setActive] = useState(0);
  const [known, setKnown] = useState<Offered[] | null>(null);
  const button = useRef<HTMLButtonElement>(null);
  const box = useRef<HTMLDivElement>(null);
  const api = useApi(data, tell);
  const model = picked.n > data.heard ? picked.name : data.model;
  const rows = known ?? data.models.map((name): Offered => ({ name }));
  const wanted = typed.trim().toLowerCase().split(/\s+/);
  const shown = ordered(rows).filter((one) => {
    const about = `${one.name} ${one.facts ?? ""} ${(one.can ?? []).join(" ")}`.toLowerCase();
    return wanted.every((word) => about.includes(word));
  });
  const look = async () => {
    const answer = await api.request("models", {}).catch(() => null);
    if (answer?.ok) setKnown((await answer.json()) as Offered[]);
  };
  const toggle = () => {
    const menu = box.current!;
    if (menu.matches(":popover-open")) return menu.hidePopover();
    setTyped("");
    setActive(0);
    menu.showPopover();
    const { left, bottom } = button.current!.getBoundingClientRect();
    menu.style.left = `${Math.max(8, Math.min(left, window.innerWidth - menu.offsetWidth - 8))}px`;
    menu.style.top = `${bottom + 4}px`;
    menu.querySelector("input")!.focus();
    void look();
  };
  const choose = (name: string) => {
    note(name);
    box.current!.hidePopover();
    button.current!.focus();
    if (name !== model) setPicked({ name, n: tell({ kind: "pick", model: name }) });
  };
  useEffect(() => {
    box.current!.querySelector(`[id="model-${active}"]`)?.scrollIntoView({ block: "nearest" });
  }, [active]);
  const keys = (event: KeyboardEvent) => {
    event.stopPropagation();
    const to = { ArrowDown: active + 1, ArrowUp: active - 1, Home: 0, End: shown.length - 1 }[event.key];
    if (to !== undefined && shown.length) {
      event.preventDefault();
      setActive((to + shown.length) % shown.length);
    } else if (event.key === "Enter") {
      // Or it would click the button, which has the focus by then.
      event.preventDefault();
      if (shown[active]) choose(shown[active].name);
    } else if (event.key === "Escape" || event.key === "Tab") {
      box.current!.hidePopover();
      button.current!.focus();
    }
  };
  return (
    <>
      <button ref={button} type="button" class="picker" data-testid="model" aria-label={`${words["chat.model"]}: ${model || data.none}`} aria-haspopup="listbox" aria-expanded={open} disabled={!data.models.length} onClick={toggle}>
        <span class="line">{model || data.none}</span> <Icon of={ChevronDown} size={16} />
      </button>
      <div ref={box} class="menu models" popover="auto" onToggle={(event) => setOpen(event.newState === "open")}>
        <input
          type="text" role="combobox" aria-label={words["models.find"]} placeholder={words["models.find"]} aria-controls="models-list" aria-expanded={open} aria-autocomplete="list"
          aria-activedescendant={shown[active] ? `model-${active}` : undefined} value={typed} onInput={(event) => { setTyped(event.currentTarget.value); setActive(0); }} onKeyDown={keys}
        />
        <ul id="models-list" role="listbox" aria-label={words["chat.model"]}>
          {shown.map((one, place) => (
            <li key={one.name} id={`model-${place}`} role="option" aria-selected={one.name === model} class={place === active ? "active" : ""} onClick={() => choose(one.name)} onPointerMove={() => setActive(place)}>
              <span class="name">{one.name}{one.name === model && <Icon of={Check} size={16} />}</span>
              <span class="quiet">
                {[one.facts, (one.can ?? []).join(", ")].filter(Boolean).join(" · ")}
                {one.loaded && <span class="held"><Icon of={MemoryStick} size={14} /> {words["models.loaded"]}</span>}
              </span>
            </li>
          ))}
        </ul>
        {!shown.length && <p class="quiet" role="status">{words["models.none_such"]}</p>}
        {!known && <p class="quiet" role="status">{words["models.loading_list"]}</p>}
      </div>
    </>
  );
}

function ordered(rows: Offered[]): Offered[] {
  const names = lately();
  const place = (one: Offered) => (names.includes(one.name) ? names.indexOf(one.name) : KEPT);
  return [...rows].sort((one, other) => place(one) - place(other));
}

/** The models that were chosen in this browser, the last one first. */
function lately(): string[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(LATELY) ?? "[]");
    return Array.isArray(kept) ? kept.filter((one) => typeof one === "string") : [];
  } catch {
    return [];
  }
}

function note(name: string): void {
  try {
    localStorage.setItem(LATELY, JSON.stringify([name, ...lately().filter((one) => one !== name)].slice(0, KEPT)));
  } catch {
    // A browser that keeps nothing has no order either.
  }
}
