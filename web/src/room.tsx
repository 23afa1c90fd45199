// What every list at the side has: the room that the rest of the side leaves, and a field, with Ctrl+K, to find something in it.
import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect } from "preact/hooks";
import { Search } from "lucide";
import { Icon } from "./icons";
import { hold } from "./returning";

type Place = { current: HTMLElement | null };
interface Finding { place: Place; name: string; title: string; typed: string; type: (text: string) => void; take: () => void; children?: ComponentChildren }

/** A field to find a line with, by Ctrl+K: Enter takes the first that is found, the arrow goes to the lines. */
export function Find({ place, name, title, typed, type, take, children }: Finding) {
  useKey("KeyK", false, () => {
    document.querySelector<HTMLElement>("[data-testid=stExpandSidebarButton]")?.click();
    place.current!.querySelector<HTMLElement>("[data-do=find]")!.focus();
    hold(() => document.querySelector<HTMLElement>(".part-side [data-do=find]"));
  });
  return (
    <div class="find">
      <Icon of={Search} size={16} />
      <input
        type="search" data-do="find" aria-label={name} placeholder={name} title={title} value={typed}
        onInput={(event) => type(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === "Escape" && typed) { event.stopPropagation(); type(""); }
          if (event.key === "Enter") take();
          if (event.key === "ArrowDown") { event.preventDefault(); place.current!.querySelector<HTMLElement>(".lines button")?.focus(); }
          if (!event.ctrlKey && !event.metaKey && !event.altKey && event.key !== "Escape") event.stopPropagation();
        }}
      />
      {children}
    </div>
  );
}

/** Closes the side where it lies over the page. */
export function closeSide(): void {
  if (matchMedia("(max-width:640px)").matches) document.querySelector<HTMLElement>("[data-testid=stSidebarCollapseButton] button")?.click();
}

/** Gives the list the room that the rest of the side leaves. */
export function useRoom(place: Place): void {
  useLayoutEffect(() => {
    const nav = place.current!;
    const side = nav.closest<HTMLElement>("[data-testid=stSidebarContent]");
    const inner = nav.closest<HTMLElement>("[data-testid=stSidebarUserContent]");
    if (!side || !inner) return;
    const fit = () => {
      const others = inner.offsetTop + inner.offsetHeight - nav.offsetHeight;
      nav.style.setProperty("--room", `${Math.max(220, Math.floor(side.clientHeight - others - 4))}px`);
    };
    fit();
    const sizes = new ResizeObserver(fit);
    sizes.observe(side);
    for (let part: Element | null = nav; part && part !== inner; part = part.parentElement)
      for (const other of part.parentElement!.children) if (other !== part) sizes.observe(other);
    return () => sizes.disconnect();
  }, []);
}

/** Has something done by a key, with Ctrl and perhaps Shift, unless a dialog is open. */
export function useKey(code: string, shift: boolean, act: () => void): void {
  useEffect(() => {
    const keys = (event: KeyboardEvent) => {
      if (!(event.ctrlKey || event.metaKey) || event.code !== code || event.shiftKey !== shift || document.querySelector("[role=dialog]")) return;
      act();
      event.preventDefault();
    };
    document.addEventListener("keydown", keys);
    return () => document.removeEventListener("keydown", keys);
  });
}
