// What every list at the side has: the room that the rest of the side leaves, and Ctrl+K to find something in it.
import { useEffect, useLayoutEffect } from "preact/hooks";
import { hold } from "./returning";

/** Gives the list the room that the rest of the side leaves. */
export function useRoom(place: { current: HTMLElement | null }): void {
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

/** Ctrl+K goes to the search. */
export function useFindKey(place: { current: HTMLElement | null }): void {
  useEffect(() => {
    const keys = (event: KeyboardEvent) => {
      if (!(event.ctrlKey || event.metaKey) || event.code !== "KeyK" || event.shiftKey || document.querySelector("[role=dialog]")) return;
      document.querySelector<HTMLElement>("[data-testid=stExpandSidebarButton]")?.click();
      place.current!.querySelector<HTMLElement>("[data-do=find]")!.focus();
      hold(() => document.querySelector<HTMLElement>(".part-side [data-do=find]"));
      event.preventDefault();
    };
    document.addEventListener("keydown", keys);
    return () => document.removeEventListener("keydown", keys);
  });
}
