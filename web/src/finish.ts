// What is done to a block of an answer once it will not change: colours, formulas, a button that copies.
import { copyButton } from "./copying";

let formulas: Promise<typeof import("./katex")> | null = null;
let colours: Promise<typeof import("./highlight")> | null = null;

export function finish(block: HTMLElement): void {
  for (const place of found(block, ".math")) {
    formulas ??= import("./katex");
    void formulas.then(({ draw }) => draw(place));
  }
  for (const pre of found(block, "pre")) {
    const code = pre.querySelector("code");
    if (!code) continue;
    pre.append(copyButton(() => code.textContent ?? ""));
    if (/language-/.test(code.className)) {
      colours ??= import("./highlight");
      void colours.then(({ colour }) => colour(code));
    }
  }
  for (const place of found(block, "pre > code, table")) reach(place);
}

function found(block: HTMLElement, wanted: string): HTMLElement[] {
  const inside = [...block.querySelectorAll<HTMLElement>(wanted)];
  return block.matches(wanted) ? [block, ...inside] : inside;
}

// What scrolls must be reached with the keyboard (WCAG 2.1, 2.1.1).
const sizes = new ResizeObserver((changes) => {
  for (const { target } of changes) {
    const scrolls = target.scrollWidth > target.clientWidth || target.scrollHeight > target.clientHeight;
    if (scrolls) target.setAttribute("tabindex", "0");
    else target.removeAttribute("tabindex");
  }
});

export function reach(place: Element): void {
  sizes.observe(place);
}
