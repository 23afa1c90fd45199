// A menu that opens above everything else, is walked through with the arrows and closes by itself.
import { useRef } from "preact/hooks";
import { Ellipsis } from "lucide";
import { Icon } from "./icons";

export interface Choice { name: string; act: () => void; id: string }

export function Menu({ name, choices, id = "more" }: { name: string; choices: Choice[]; id?: string }) {
  const button = useRef<HTMLButtonElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const items = () => [...list.current!.querySelectorAll<HTMLButtonElement>("button")];
  const toggle = () => {
    const menu = list.current!;
    if (menu.matches(":popover-open")) return menu.hidePopover();
    menu.showPopover();
    const { left, top, bottom } = button.current!.getBoundingClientRect();
    const { offsetWidth, offsetHeight } = menu;
    const below = bottom + offsetHeight < window.innerHeight - 8;
    menu.style.left = `${Math.max(8, Math.min(left, window.innerWidth - offsetWidth - 8))}px`;
    menu.style.top = `${below ? bottom : Math.max(8, top - offsetHeight)}px`;
    items()[0]?.focus();
  };
  const walk = (event: KeyboardEvent) => {
    const all = items();
    const place = all.indexOf(document.activeElement as HTMLButtonElement);
    const to = { ArrowDown: place + 1, ArrowUp: place - 1, Home: 0, End: all.length - 1 }[event.key];
    if (event.key === "Escape" || event.key === "Tab") {
      event.stopPropagation();
      list.current!.hidePopover();
      button.current!.focus();
    }
    if (to === undefined) return;
    event.preventDefault();
    all[(to + all.length) % all.length]?.focus();
  };
  return (
    <>
      <button ref={button} type="button" class="icon" data-do={id} aria-label={name} title={name} aria-haspopup="menu" onClick={toggle}>
        <Icon of={Ellipsis} />
      </button>
      <div ref={list} class="menu" role="menu" aria-label={name} popover="auto" onKeyDown={walk}>
        {choices.map((choice) => (
          <button
            key={choice.id}
            type="button"
            role="menuitem"
            onClick={() => {
              list.current!.hidePopover();
              button.current!.focus();
              choice.act();
            }}
          >
            {choice.name}
          </button>
        ))}
      </div>
    </>
  );
}
