// Loaded with the first code that names its language.
import hljs from "highlight.js/lib/common";

const LONGEST = 50_000;

export function colour(code: HTMLElement): void {
  const name = /language-(\S+)/.exec(code.className)?.[1];
  const text = code.textContent ?? "";
  if (!name || !hljs.getLanguage(name) || text.length > LONGEST) return;
  code.innerHTML = hljs.highlight(text, { language: name, ignoreIllegals: true }).value;
}
