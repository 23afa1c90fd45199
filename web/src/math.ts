// Formulas in Markdown: $…$ and $$…$$, and as models write them, \(…\) and \[…\]. Prices stay prices.
import type MarkdownIt from "markdown-it";

type Reader = InstanceType<typeof MarkdownIt>;

// What makes a thing between two single signs a formula, and not two prices.
const MATHS = /[\\^_={}<>+*/|]|^[A-Za-z]'?$|^[A-Za-z]\([A-Za-z, ]+\)$|^-?\d+(\.\d+)?$/;
const DOLLARS = /\$(?=[^\s$])([^$\n]*?[^\s$\\]|[^\s$\\])\$(?![\w$])/y;
const LONGEST = 10_000;

export function formulas(md: Reader): void {
  const shown = (tex: string, block: boolean): string => {
    const text = md.utils.escapeHtml(tex.trim());
    const name = block ? "div" : "span";
    return `<${name} class="math" data-tex="${text}"${block ? " data-block" : ""}>${text}</${name}>`;
  };
  md.renderer.rules.formula = (tokens, place) => shown(tokens[place].content, tokens[place].block);

  md.inline.ruler.before("escape", "formula", (state, silent) => {
    const { src, pos } = state;
    const found = inline(src, pos);
    if (!found) return false;
    if (!silent) {
      const token = state.push("formula", "", 0);
      token.content = found.tex;
    }
    state.pos = found.end;
    return true;
  });

  md.block.ruler.before(
    "fence",
    "formula",
    (state, line, last, silent) => {
      const start = state.bMarks[line] + state.tShift[line];
      const open = state.src.slice(start, start + 2);
      if (open !== "$$" && open !== "\\[") return false;
      if (state.sCount[line] - state.blkIndent >= 4) return false;
      const close = open === "$$" ? "$$" : "\\]";
      const lines: string[] = [];
      for (let next = line; next < last; next++) {
        const from = state.bMarks[next] + state.tShift[next] + (next === line ? 2 : 0);
        const text = state.src.slice(from, state.eMarks[next]);
        const end = text.indexOf(close);
        if (end < 0) {
          lines.push(text);
          continue;
        }
        if (text.slice(end + 2).trim()) return false;
        if (silent) return true;
        const token = state.push("formula", "", 0);
        token.block = true;
        token.content = [...lines, text.slice(0, end)].join("\n");
        token.map = [line, next + 1];
        state.line = next + 1;
        return true;
      }
      return false;
    },
    { alt: ["paragraph", "reference", "blockquote", "list"] },
  );
}

function inline(src: string, pos: number): { tex: string; end: number } | null {
  if (src[pos] === "\\" && (src[pos + 1] === "(" || src[pos + 1] === "[")) {
    const end = src.indexOf(src[pos + 1] === "(" ? "\\)" : "\\]", pos + 2);
    if (end < 0 || end - pos > LONGEST) return null;
    return { tex: src.slice(pos + 2, end), end: end + 2 };
  }
  if (src[pos] !== "$" || (pos && /[\\$\w]/.test(src[pos - 1]))) return null;
  if (src[pos + 1] === "$") {
    const end = src.indexOf("$$", pos + 2);
    if (end < 0 || end - pos > LONGEST) return null;
    return { tex: src.slice(pos + 2, end), end: end + 2 };
  }
  DOLLARS.lastIndex = pos;
  const found = DOLLARS.exec(src);
  return found && MATHS.test(found[1]) ? { tex: found[1], end: DOLLARS.lastIndex } : null;
}
