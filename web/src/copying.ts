// Copying, also where a page has no clipboard: one without TLS that is not on this machine.
import { Check, Copy, createElement } from "lucide";

export async function copy(text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = document.createElement("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
}

let label = "";

export function nameCopy(words: string): void {
  label = words;
}

/** A button beside code, outside of what Preact draws. */
export function copyButton(text: () => string): HTMLButtonElement {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "icon copy";
  button.title = label;
  button.setAttribute("aria-label", label);
  const rest = () => button.replaceChildren(createElement(Copy, { width: 16, height: 16, "aria-hidden": "true" }));
  rest();
  button.onclick = () => {
    void copy(text());
    button.replaceChildren(createElement(Check, { width: 16, height: 16, "aria-hidden": "true" }));
    setTimeout(rest, 1500);
  };
  return button;
}
