// Mermaid's diagrams in an answer that has ended: each one as a picture, with its source folded below it.
type Words = Record<string, string>;

const dark = () => document.querySelector(".diglot-chat")?.getAttribute("data-theme") === "dark";

/** Draws what is safe to draw; `foreign` tells of each diagram whether it may load something. */
export async function drawDiagrams(body: HTMLElement, foreign: boolean[], words: Words): Promise<void> {
  const all = [...body.querySelectorAll<HTMLElement>(".markdown > * code.language-mermaid, .markdown > pre > code.language-mermaid")];
  for (const [place, code] of all.entries()) {
    const pre = code.parentElement!;
    if (pre.dataset.diagram) continue;
    pre.dataset.diagram = "asked";
    // More than the server has counted are not known to be safe.
    if (foreign[place] ?? true) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = words["chat.draw_diagram"];
      button.onclick = () => {
        button.remove();
        void draw(pre, code, words);
      };
      pre.before(button);
    } else await draw(pre, code, words);
  }
}

async function draw(pre: HTMLElement, code: HTMLElement, words: Words): Promise<void> {
  try {
    const { picture } = await import("./diagram");
    const image = document.createElement("img");
    image.alt = words["chat.diagram"];
    image.className = "diagram";
    image.src = await picture(code.textContent ?? "", dark());
    const fold = document.createElement("details");
    fold.className = "fold";
    const summary = document.createElement("summary");
    summary.textContent = words["chat.diagram_source"];
    pre.before(image, fold);
    fold.append(summary, pre);
  } catch {
    // What Mermaid cannot read stays as it was written.
  }
}
