// Markdown of models, without HTML: nothing in it is loaded from elsewhere, and nothing runs.
import MarkdownIt from "markdown-it";
import { formulas } from "./math";

const DEEPEST = 60;

export const md = new MarkdownIt("default", { html: false, linkify: true, breaks: false });
md.set({ maxNesting: DEEPEST } as object);
md.linkify.set({ fuzzyLink: false, fuzzyEmail: false });
md.use(formulas);

const { escapeHtml } = md.utils;

// An image of another host is a link until somebody asks for it; one that is here already is drawn.
md.renderer.rules.image = (tokens, place) => {
  const token = tokens[place];
  const src = String(token.attrGet("src") ?? "");
  const text = token.content || src;
  if (src.startsWith("data:image/")) return `<img src="${escapeHtml(src)}" alt="${escapeHtml(token.content)}">`;
  return `<a href="${escapeHtml(src)}" target="_blank" rel="noopener noreferrer">${escapeHtml(text)}</a>`;
};

md.renderer.rules.link_open = (tokens, place, options, _env, self) => {
  tokens[place].attrSet("target", "_blank");
  tokens[place].attrSet("rel", "noopener noreferrer");
  return self.renderToken(tokens, place, options);
};

// A heading in an answer stands below those of the page.
for (const kind of ["heading_open", "heading_close"] as const)
  md.renderer.rules[kind] = (tokens, place, options, _env, self) => {
    tokens[place].tag = `h${Math.min(6, Number(tokens[place].tag[1]) + 2)}`;
    return self.renderToken(tokens, place, options);
  };

// Boxes of a list of tasks.
md.core.ruler.push("tasks", (state) => {
  for (let place = 2; place < state.tokens.length; place++) {
    const token = state.tokens[place];
    const found = token.type === "inline" && state.tokens[place - 2].type === "list_item_open" && /^\[([ xX])\] /.exec(token.content);
    const first = token.children?.[0];
    if (found && first?.type === "text") first.content = `${found[1] === " " ? "☐" : "☑"} ${first.content.slice(4)}`;
  }
});
