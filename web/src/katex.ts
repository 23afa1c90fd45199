// Loaded with the first formula. MathML: it needs no fonts, and screen readers know it.
import katex from "katex";

export function draw(place: HTMLElement): void {
  const { tex, block } = place.dataset;
  katex.render(tex ?? "", place, {
    displayMode: block !== undefined,
    output: "mathml",
    throwOnError: false,
    trust: false,
    maxExpand: 200,
    maxSize: 20,
  });
}
